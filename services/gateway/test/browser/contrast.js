/**
 * Runs in the page, as one expression: every piece of text whose contrast with what is painted behind it is below
 * WCAG 2.2 AA (4.5, or 3 where it is large). Colours are computed ones, composed through transparent layers, for HTML and
 * SVG alike.
 */
(() => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });

  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r = 0, g = 0, b = 0, a = 0] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (front, back) => {
    const [a, b] = [front[3], back[3] * (1 - front[3])];
    const alpha = a + b || 1;
    const mix = (i) => (front[i] * a + back[i] * b) / alpha;
    return [mix(0), mix(1), mix(2), a + b];
  };
  const luminance = ([r, g, b]) => {
    const [x = 0, y = 0, z = 0] = [r, g, b].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const painted = (element) => {
    const style = getComputedStyle(element);
    if (element instanceof SVGGeometryElement) return style.fill === 'none' ? [0, 0, 0, 0] : rgba(style.fill);
    return element instanceof SVGElement ? [0, 0, 0, 0] : rgba(style.backgroundColor);
  };

  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim() ?? '';
    if (!element || text === '' || element.closest('script, noscript, .visually-hidden, :disabled')) continue;
    if (!element.checkVisibility()) continue;
    element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getClientRects()[0];
    if (!box || box.width === 0) continue;
    const stack = document.elementsFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    const at = stack.findIndex((entry) => entry === element || element.contains(entry));
    if (at === -1) continue;
    let ground = [0, 0, 0, 0];
    for (const entry of stack.slice(at)) {
      if (entry instanceof SVGTextContentElement) continue;
      ground = over(ground, painted(entry));
      if (ground[3] > 0.995) break;
    }
    const style = getComputedStyle(element);
    const ink = over(rgba(element instanceof SVGElement ? style.fill : style.color), ground);
    const [light, dark] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < needed) faint.push({ text: text.slice(0, 40), ratio: Math.round(ratio * 100) / 100, needed });
  }
  return faint;
})();
