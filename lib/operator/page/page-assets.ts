/*
 * The build replaces these by what it makes of `lib/operator/browser/`: a page needs no file beside the bundle, and no build of its user.
 */
declare const OPERATOR_PAGE_STYLE: string;
declare const OPERATOR_PAGE_SCRIPT: string;
declare const OPERATOR_SIGN_IN_SCRIPT: string;

export const pageStyle: string = OPERATOR_PAGE_STYLE;
export const pageScript: string = OPERATOR_PAGE_SCRIPT;
export const signInScript: string = OPERATOR_SIGN_IN_SCRIPT;

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%230b6e69'/%3E%3Cpath d='M4.5 8.2l2.3 2.4 4.7-5' fill='none' stroke='%23fff' stroke-width='1.8'/%3E%3C/svg%3E";

/** A document that runs one script. It has no data in it, and its addresses are relative: a proxy may put a path before it. */
export function pageDocument(script: string, text: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>retrysafe operator</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="page.css">
<script type="module" src="${script}"></script>
</head>
<body>
<div id="app" class="starting"><p role="status">${text}</p><noscript><p>This page needs JavaScript.</p></noscript></div>
</body>
</html>
`;
}
