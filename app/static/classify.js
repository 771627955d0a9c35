"use strict";

// The first panel: one message, its verdict, and the words that moved it.

const SAMPLES = {
  spam:
    "Subject: You are our lucky winner!!!\n\nCONGRATULATIONS! Your e-mail address has won " +
    "$1,500,000 in our online lottery. To claim your prize money, send your full name and bank " +
    "account to our agent at once: http://claims.example/winner",
  ham:
    "Subject: Thursday\n\nHi Anna,\n\nshall we move the review to 3pm? Room 4 is free. I have " +
    "added the notes from last week to the minutes.\n\nPaul",
};

function showVerdict(answer) {
  const spam = answer.label === "spam";
  const share = `${(100 * answer.spam_probability).toFixed(1)} %`;
  element("label").textContent = answer.label;
  element("label").className = spam ? "bad" : "";
  element("probability").textContent = `spam with a probability of ${share}`;
  element("bar").style.width = `${100 * answer.spam_probability}%`;
  element("bar").className = spam ? "bar bad" : "bar";
  element("mark").style.left = `${100 * answer.threshold}%`;
  element("scale").setAttribute(
    "aria-label",
    `${share}; called spam from ${(100 * answer.threshold).toFixed(1)} % on`,
  );
  const { used, total } = answer.tokens;
  const took = (answer.timing_ms.queue + answer.timing_ms.inference).toFixed(1);
  element("classify-facts").textContent =
    `${used} of ${total} words and marks read in ${took} ms, logged as ${answer.id}.`;
}

function showWords(words) {
  const largest = Math.max(...words.map((word) => Math.abs(word.weight)), 1e-9);
  const items = words.map((word) => {
    const item = make("li", "", word.weight > 0 ? "spam" : "ham");
    const size = make("span", "", "size");
    size.style.width = `${(100 * Math.abs(word.weight)) / largest}%`;
    const sign = word.weight > 0 ? "+" : "−";
    const weight = make("span", sign + Math.abs(word.weight).toFixed(2), "weight");
    item.append(size, make("span", word.text), weight);
    return item;
  });
  element("words").replaceChildren(...items);
}

/**
 * Where a field of the decoded message begins in the pasted text, in code points: where the most of
 * its words are found. Null when fewer than half are, as in a mail in base64.
 */
function fieldStart(points, words, candidates) {
  const text = (from, to) => points.slice(from, to).join("").toLowerCase();
  let best = null;
  let most = words.length / 2;
  for (const base of candidates) {
    const found = words.filter((w) => text(base + w.start, base + w.end) === w.text.toLowerCase());
    if (found.length > most || (best === null && found.length === most)) {
      best = base;
      most = found.length;
    }
  }
  return best;
}

/** Behind every line break, and behind what may be a header's name. */
function lineStarts(points) {
  const starts = [0];
  points.forEach((point, index) => point === "\n" && starts.push(index + 1));
  return starts;
}

function headerValues(points) {
  return lineStarts(points).flatMap((start) => {
    const head = points.slice(start, start + 80).join("").match(/^[\w-]+:[ \t]*/);
    return head ? [start + head[0].length] : [];
  });
}

/** The spans of the words in the pasted text, in order, none over another. */
function findWords(points, words) {
  const places = { subject: headerValues(points), body: lineStarts(points) };
  const found = Object.entries(places).flatMap(([field, candidates]) => {
    const own = words.filter((word) => word.field === field);
    const base = own.length ? fieldStart(points, own, candidates) : null;
    if (base === null) return [];
    return own.map(({ start, end, weight }) => ({ start: base + start, end: base + end, weight }));
  });
  found.sort((a, b) => a.start - b.start);
  return found.filter((span, index) => index === 0 || span.start >= found[index - 1].end);
}

function showText(text, words) {
  const points = Array.from(text); // offsets count code points, not JavaScript's UTF-16
  const slice = (from, to) => points.slice(from, to).join("");
  const pieces = [];
  let at = 0;
  for (const { start, end, weight } of findWords(points, words)) {
    pieces.push(slice(at, start));
    pieces.push(make("mark", slice(start, end), weight > 0 ? "spam" : "ham"));
    at = end;
  }
  pieces.push(slice(at));
  element("highlighted").replaceChildren(...pieces);
}

async function classify() {
  const text = element("message").value;
  const answer = await post("/classify?explain=true", JSON.stringify({ text }));
  showVerdict(answer);
  showWords(answer.explanation);
  showText(text, answer.explanation);
  element("verdict").hidden = false;
}

element("classify-form").addEventListener("submit", (event) => {
  event.preventDefault();
  submit(event.target, element("classify-problem"), element("verdict"), classify);
});
for (const button of document.querySelectorAll("#classify [data-sample]")) {
  button.addEventListener("click", () => {
    element("message").value = SAMPLES[button.dataset.sample];
    element("classify-form").requestSubmit();
  });
}
