/**
 * @param {string} text
 * @returns {string} its UTF-8 bytes in base64url without padding
 */
export function base64url(text) {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * @param {unknown} value
 * @returns {string} an address from which it can be downloaded as a JSON file
 */
export function toJsonFile(value) {
  return `data:application/json;charset=utf-8,${encodeURIComponent(`${JSON.stringify(value, null, 2)}\n`)}`;
}
