// The body of a function that returns the hard-to-read elements of a page: text with too little contrast
// (WCAG 2.2, 1.4.3) or size, and elements that reach beyond the edge of their card.

/** Red, green and blue, 0 to 1, or null for a transparent colour. */
function channels(color) {
  const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g).map(Number);
  return alpha === 0 ? null : [red, green, blue].map((value) => value / 255);
}

function luminance(color) {
  const linear = color.map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

function background(element) {
  return channels(getComputedStyle(element).backgroundColor) ?? background(element.parentElement);
}

function contrast(element) {
  const foreground = luminance(channels(getComputedStyle(element).color));
  const behind = luminance(background(element));
  return (Math.max(foreground, behind) + 0.05) / (Math.min(foreground, behind) + 0.05);
}

function isTooWide(element) {
  const { left, right } = element.getBoundingClientRect();
  const card = element.closest("main").getBoundingClientRect();
  // A single-line field scrolls its text.
  const isInline = getComputedStyle(element).display === "inline" || element.tagName === "INPUT";
  const scrolls = !isInline && element.scrollWidth > element.clientWidth;
  return scrolls || left < card.left || right > card.right;
}

function faults(element) {
  return [
    contrast(element) < 4.5 && "has little contrast",
    parseFloat(getComputedStyle(element).fontSize) < 14 && "is small",
    isTooWide(element) && "is too wide",
  ].filter(Boolean).map((fault) => `${element.tagName} ${fault}: ${element.textContent.slice(0, 40)}`);
}

const hasText = (element) => element.value && element.type !== "checkbox"
  || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
const elements = [...document.querySelectorAll("main *")];
return elements.filter((element) => element.checkVisibility() && hasText(element)).flatMap(faults);
