"use strict";

// What both panels use. Text of strangers reaches the page through textContent alone.

const element = (id) => document.getElementById(id);

function make(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/**
 * POST JSON text; the parsed answer. Throws an Error whose message is for the reader; `faults` holds
 * what a 422 says of single members.
 */
async function post(path, body) {
  let response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
  } catch {
    throw new Error("The service does not answer.");
  }
  const answer = await response.json();
  if (!response.ok) {
    const error = new Error(`${answer.title}. ${answer.detail}`);
    throw Object.assign(error, { faults: answer.errors ?? [] });
  }
  return answer;
}

/**
 * Run `work` while the form's button rests. What it throws is shown in the form's problem line, and
 * `shown`, the answer to what was asked before, is not.
 */
async function submit(form, problem, shown, work) {
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  problem.hidden = true;
  try {
    await work();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    shown.hidden = true;
  } finally {
    button.disabled = false;
  }
}
