"use strict";

// Times as the reader's clock tells them; the service writes UTC.

const short = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
const thisYear = new Intl.DateTimeFormat(undefined, short);
const anyYear = new Intl.DateTimeFormat(undefined, { ...short, year: "numeric" });

for (const time of document.querySelectorAll("time")) {
  const at = new Date(time.dateTime);
  const format = at.getFullYear() === new Date().getFullYear() ? thisYear : anyYear;
  time.title = time.textContent;
  time.textContent = format.format(at);
}
