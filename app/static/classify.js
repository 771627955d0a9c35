"use strict";

// The first panel without a new page: the service renders the result, as it does without a script,
// and it is put in its place here. Text of strangers comes escaped.

const SAMPLES = {
  spam:
    "Subject: You are our lucky winner!!!\n\nCONGRATULATIONS! Your e-mail address has won " +
    "$1,500,000 in our online lottery. To claim your prize money, send your full name and bank " +
    "account to our agent at once: http://claims.example/winner",
  ham:
    "Subject: Thursday\n\nHi Anna,\n\nshall we move the review to 3pm? Room 4 is free. I have " +
    "added the notes from last week to the minutes.\n\nPaul",
};

const form = element("classify-form");

/** A result that says what is wrong, for answers that are no page of ours. */
function wrong(title, detail) {
  const problem = make("p", "", "problem");
  problem.setAttribute("role", "alert");
  problem.append(make("strong", `${title}.`), ` ${detail}`);
  const result = document.createElement("div");
  result.id = "result";
  result.append(problem);
  return result;
}

async function rendered() {
  let response;
  try {
    const headers = { "X-Hamlet-Part": "result" };
    response = await fetch("/", { method: "POST", headers, body: new FormData(form) });
  } catch {
    return wrong("No answer", "The service does not answer, or the file is no longer there.");
  }
  const text = await response.text();
  const type = response.headers.get("Content-Type") ?? "";
  if (type.startsWith("application/problem+json")) {
    const { title, detail } = JSON.parse(text);
    return wrong(title, detail);
  }
  // A parsed document runs no script, and neither does what is adopted from it.
  const page = new DOMParser().parseFromString(text, "text/html");
  return page.getElementById("result") ?? wrong(`Status ${response.status}`, "That is no result.");
}

function tell(result) {
  element("result").replaceWith(result);
  const verdict = result.querySelector(".verdict");
  // A problem is an alert, which speaks for itself.
  element("said").textContent = verdict ? verdict.textContent.replace(/\s+/g, " ").trim() : "";
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  result.scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
}

async function classify() {
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  tell(await rendered());
  button.disabled = false;
  button.focus({ preventScroll: true });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  classify();
});

// What was touched last is what is asked about.
element("message").addEventListener("input", () => {
  element("file").value = "";
});
for (const button of form.querySelectorAll("[data-sample]")) {
  button.addEventListener("click", () => {
    element("file").value = "";
    element("message").value = SAMPLES[button.dataset.sample];
    form.requestSubmit();
  });
}

const panel = element("classify");
const carriesFile = (event) => event.dataTransfer?.types.includes("Files");
panel.addEventListener("dragover", (event) => {
  if (!carriesFile(event)) return;
  event.preventDefault();
  panel.classList.add("dropping");
});
panel.addEventListener("dragleave", (event) => {
  if (!panel.contains(event.relatedTarget)) panel.classList.remove("dropping");
});
panel.addEventListener("drop", (event) => {
  panel.classList.remove("dropping");
  if (!carriesFile(event)) return;
  event.preventDefault();
  element("file").files = event.dataTransfer.files;
  form.requestSubmit();
});
