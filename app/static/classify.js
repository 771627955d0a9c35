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
 * Where the words stand in the text as it was pasted. Offsets of the answer point into the decoded
 * subject and body; read in their order, the words are found one after the other.
 */
function findWords(text, words) {
  const found = [];
  for (const field of ["subject", "body"]) {
    let from = field === "body" ? bodyStart(text, words) : 0;
    const ordered = words.filter((word) => word.field === field);
    for (const word of ordered.sort((a, b) => a.start - b.start)) {
      const start = text.indexOf(word.text, from);
      if (start < 0) continue;
      from = start + word.text.length;
      found.push({ start, end: from, weight: word.weight });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

/** Behind the headers, if there are any. */
function bodyStart(text, words) {
  const headed = words.some((word) => word.field === "subject") || /^[\w-]+:/.test(text);
  const blank = text.search(/\r?\n\r?\n/);
  return headed && blank > 0 ? blank : 0;
}

function showText(text, words) {
  const pieces = [];
  let at = 0;
  for (const { start, end, weight } of findWords(text, words)) {
    if (start < at) continue;
    pieces.push(text.slice(at, start));
    pieces.push(make("mark", text.slice(start, end), weight > 0 ? "spam" : "ham"));
    at = end;
  }
  pieces.push(text.slice(at));
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
  submit(event.target, element("classify-problem"), classify);
});
for (const button of document.querySelectorAll("#classify [data-sample]")) {
  button.addEventListener("click", () => {
    element("message").value = SAMPLES[button.dataset.sample];
    element("classify-form").requestSubmit();
  });
}
