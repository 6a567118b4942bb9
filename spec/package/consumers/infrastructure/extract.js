// Takes the blocks out of the document that is in the package, each into a file of its own.
const { readFileSync, writeFileSync } = require('node:fs');

const files = {
  'table.yaml': 'yaml',
  'table.ts': 'typescript',
  'table.tf': 'hcl',
  'policy.json': 'json',
  'listing-policy.json': 'json',
};
const document = readFileSync('node_modules/retrysafe/docs/stores/dynamodb.md', 'utf8');
const left = {};
for (const [file, language] of Object.entries(files)) {
  left[language] ??= [...document.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))];
  const [, text] = left[language].shift() ?? [];
  if (text === undefined) throw new Error(`docs/stores/dynamodb.md has no ${language} block for ${file}`);
  writeFileSync(file, text);
}
