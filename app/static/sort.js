"use strict";

// The second panel: numbers, their order, and where the network pointed at each step.

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const FRAME_MS = 120;
let shown = null; // { tokens, permutation, attention }, what the matrix is drawn of
let playing = 0;

const tokensOf = (text) => text.split(/[\s,;]+/).filter(Boolean);

/**
 * Numbers go out as the digits that were typed: JavaScript's own would round 2^53 + 1. What is no
 * number goes out as a string, for the service to say so.
 */
function requestBody(tokens, order) {
  const written = tokens.map((token) => {
    const plain = token.replace(/^\+/, "").replace(/^(-?)\./, "$10.").replace(/\.$/, "");
    return JSON_NUMBER.test(plain) ? plain : JSON.stringify(token);
  });
  return `{"numbers": [${written.join(", ")}], "order": ${JSON.stringify(order)}}`;
}

function showOrder(answer, tokens) {
  const items = answer.permutation.map((index, position) =>
    make("li", tokens[index], position === answer.first_break ? "break" : ""),
  );
  element("sorted").replaceChildren(...items);
  element("exact").textContent = answer.exact ? "in order" : "not in order";
  element("exact").className = answer.exact ? "chip" : "chip spam";
  element("exact-detail").textContent = answer.exact
    ? "checked number by number"
    : `the network erred: number ${answer.first_break + 1} should stand earlier`;
  const took = (answer.timing_ms.queue + answer.timing_ms.inference).toFixed(1);
  element("sort-facts").textContent =
    `${tokens.length} numbers in ${took} ms, logged as ${answer.id}.`;
}

function draw(step) {
  const { tokens, permutation, attention } = shown;
  const count = tokens.length;
  const canvas = element("matrix");
  const cell = Math.max(3, Math.floor(720 / count));
  const mark = Math.max(cell, (cell * count) / 128); // so that a long list's can be seen
  canvas.width = canvas.height = cell * count;
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const rim = (mark - cell) / 2;
  const ink = style.getPropertyValue("--matrix").trim();
  for (let row = 0; row < step; row += 1) {
    for (let column = 0; column < count; column += 1) {
      const weight = attention[row][column];
      // The square root shows weights that are small and not nothing.
      if (weight > 0) {
        pen.fillStyle = `rgb(${ink} / ${Math.sqrt(weight)})`;
        pen.fillRect(column * cell - rim, row * cell - rim, mark, mark);
      }
    }
  }
  pen.strokeStyle = style.getPropertyValue("--spam").trim();
  pen.lineWidth = 2;
  pen.strokeRect(1, (step - 1) * cell + 1, cell * count - 2, Math.max(1, cell - 2));
  describe(step, permutation[step - 1]);
}

function describe(step, index) {
  const { tokens, attention } = shown;
  const share = (100 * attention[step - 1][index]).toFixed(1);
  element("step").value = step;
  element("step-text").textContent =
    `Step ${step} of ${tokens.length}: ${tokens[index]}, ` +
    `number ${index + 1} of the input, with ${share} % of the attention.`;
  const items = element("sorted").children;
  for (let position = 0; position < items.length; position += 1) {
    items[position].classList.toggle("here", position === step - 1);
  }
  const here = items[step - 1];
  const list = here.parentElement;
  list.scrollTop = here.offsetTop - (list.clientHeight - here.offsetHeight) / 2;
}

function stop() {
  clearInterval(playing);
  playing = 0;
  element("play").textContent = "Play";
}

function play() {
  const last = shown.tokens.length;
  const frame = Math.max(16, Math.min(FRAME_MS, 6000 / last));
  let step = Number(element("step").value) >= last ? 0 : Number(element("step").value);
  element("play").textContent = "Pause";
  playing = setInterval(() => {
    step += 1;
    draw(step);
    if (step >= last) stop();
  }, frame);
}

/** The service's answer. What it says of single numbers is told in words: it counts from zero. */
async function ask(body, tokens) {
  try {
    return await post("/sort?attention=true", body);
  } catch (error) {
    const said = (error.faults ?? []).flatMap(({ pointer, reason }) => {
      const index = Number(pointer.match(/^\/numbers\/(\d+)$/)?.[1] ?? NaN);
      const known = index in tokens && reason.startsWith("must ");
      return known ? [`Number ${index + 1}, ${tokens[index]}, ${reason}.`] : [];
    });
    throw said.length ? new Error(said.join(" ")) : error;
  }
}

async function sort() {
  const tokens = tokensOf(element("numbers").value);
  stop();
  const answer = await ask(requestBody(tokens, element("order").value), tokens);
  shown = { tokens, permutation: answer.permutation, attention: answer.attention };
  element("step").max = tokens.length;
  element("sorting").hidden = false;
  showOrder(answer, tokens);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    draw(tokens.length);
  } else {
    draw(1);
    if (tokens.length > 1) play();
  }
}

const NUMBERS = {
  random: () => Array.from({ length: 24 }, () => (200 * Math.random() - 100).toFixed(2)),
  close: () =>
    Array.from({ length: 16 }, (_, i) => `1.0000${String((i * 7) % 16).padStart(2, "0")}`),
};

element("sort-form").addEventListener("submit", (event) => {
  event.preventDefault();
  submit(event.target, element("sort-problem"), element("sorting"), sort);
});
element("play").addEventListener("click", () => (playing ? stop() : play()));
element("step").addEventListener("input", () => {
  stop();
  draw(Number(element("step").value));
});
for (const button of document.querySelectorAll("#sort [data-sample]")) {
  button.addEventListener("click", () => {
    element("numbers").value = NUMBERS[button.dataset.sample]().join(" ");
    element("sort-form").requestSubmit();
  });
}
