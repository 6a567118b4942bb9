// Takes the blocks out of the document that is in the package, each into a file of its own.
const { readFileSync, writeFileSync } = require('node:fs');

const files = { yaml: 'table.yaml', typescript: 'table.ts', hcl: 'table.tf', json: 'policy.json' };
const document = readFileSync('node_modules/retrysafe/docs/stores/dynamodb.md', 'utf8');
for (const [language, file] of Object.entries(files)) {
  const [, text] = document.match(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm')) ?? [];
  if (text === undefined) throw new Error(`docs/stores/dynamodb.md has no ${language} block`);
  writeFileSync(file, text);
}
