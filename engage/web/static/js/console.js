// Engage · small comforts of the staff console. Every page works without them.
// Wired by data attributes on the document, so that parts htmx swaps in need no second start.

document.documentElement.classList.add("js");

const PERSIAN = "۰۱۲۳۴۵۶۷۸۹";
const toPersian = (value) => String(value).replace(/[0-9]/g, (digit) => PERSIAN[digit]);
const toLatin = (text) => text.replace(/[۰-۹]/g, (d) => PERSIAN.indexOf(d)).replace(/[٠-٩]/g, (d) => d.charCodeAt(0) - 0x660);
const grouped = (value) => toPersian(String(value).replace(/\B(?=(\d{3})+$)/g, "٬"));
const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

// Menus: one open at a time; Escape and a click elsewhere close it.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});

// data-filter-list="#id": hides the list's items that don't hold the words typed.
document.addEventListener("input", (event) => {
  const selector = event.target.dataset?.filterList;
  if (!selector) return;
  const words = toLatin(event.target.value.trim().toLowerCase());
  for (const item of document.querySelectorAll(`${selector} > li`)) {
    item.hidden = !toLatin(item.textContent.toLowerCase()).includes(words);
  }
});

// data-autosubmit: a select that sends its form when changed (its button hides by .no-script).
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-autosubmit]")) event.target.form?.requestSubmit();
});

// data-copy="text": copies, and says so for two seconds in the button's own words (data-copied).
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button || !navigator.clipboard) return;
  const words = button.querySelector("[data-copy-words]") ?? button;
  const before = words.textContent;
  await navigator.clipboard.writeText(button.dataset.copy);
  words.textContent = button.dataset.copied ?? before;
  button.classList.add("copy-done");
  setTimeout(() => {
    words.textContent = before;
    button.classList.remove("copy-done");
  }, 2000);
});

// data-reveal="#id": shows and hides a password.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-reveal]");
  const field = button && document.querySelector(button.dataset.reveal);
  if (!field) return;
  const shown = field.type === "password";
  field.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
});

// data-insert="{name}" data-into="#id": puts a word where the caret stands.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-insert]");
  const field = button && document.querySelector(button.dataset.into);
  if (!field) return;
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// data-file-name="id": the chosen file's name beside our own button, in the page's language whatever the browser's is.
document.addEventListener("change", (event) => {
  const told = event.target.type === "file" && document.querySelector(`[data-file-name="${CSS.escape(event.target.id)}"]`);
  if (told && event.target.files.length) told.textContent = [...event.target.files].map((file) => file.name).join("، ");
});

// data-check-all="name": ticks every box of that name in the form.
document.addEventListener("change", (event) => {
  const name = event.target.dataset?.checkAll;
  if (!name) return;
  for (const box of event.target.form?.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`) ?? []) {
    box.checked = event.target.checked;
  }
});

// data-print: the browser's own printing.
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-print]")) window.print();
});

// Where the parts of a section don't fit side by side, the current one is in sight.
document.querySelector(".subnav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Live SMS counter. The server's count stands until something is typed and decides again when the form is sent.
// On the textarea: data-sms-counter="#box" data-sms-fixed="characters of link, opt-out and line breaks"
// and, for the link template, data-sms-first/-next: "70,67" for UCS-2 and "160,153" for GSM (defaults).
// In the box: <progress>, [data-sms-line] with data-one / data-more templates of {used} {limit} {pages} {left}.
const GSM = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1BÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€]*$/;
const GSM_DOUBLE = /[\^{}\\[~\]|€\f]/g;
function countSms(field) {
  const box = document.querySelector(field.dataset.smsCounter);
  if (!box) return;
  const text = field.value.replace(/\r\n?/g, "\n");
  const gsm = field.dataset.smsUnicode === undefined && GSM.test(text);
  const [single, joined] = gsm ? [160, 153] : [70, 67];
  const used = text.length + (gsm ? (text.match(GSM_DOUBLE) ?? []).length : 0) + Number(field.dataset.smsFixed ?? 0);
  const pages = used <= single ? 1 : Math.ceil(used / joined);
  const limit = pages === 1 ? single : pages * joined;
  const bar = box.querySelector("progress");
  if (bar) {
    bar.max = limit;
    bar.value = used;
    bar.classList.toggle("progress-full", used >= limit);
  }
  const line = box.querySelector("[data-sms-line]");
  if (line) {
    const template = pages > 1 && line.dataset.more ? line.dataset.more : line.dataset.one;
    line.textContent = fill(template ?? "", { used: grouped(used), limit: grouped(limit), pages: grouped(pages), left: grouped(limit - used) });
    bar?.setAttribute("aria-label", line.textContent);
  }
}
document.addEventListener("input", (event) => {
  if (event.target.dataset?.smsCounter) countSms(event.target);
});

// data-dirty-guard: a form that asks before what was typed is left behind.
const dirty = new Set();
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.dataset.dirtyGuard !== undefined) dirty.add(form);
});
document.addEventListener("submit", (event) => dirty.delete(event.target));
window.addEventListener("beforeunload", (event) => {
  if ([...dirty].some((form) => form.isConnected)) event.preventDefault();
});

// A form sent twice does its work once on the server; this spares the second wait. Back again, the button is alive.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "dialog") return;
  const button = event.submitter;
  if (button?.matches("button")) setTimeout(() => button.setAttribute("aria-disabled", "true"));
});
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[aria-disabled]")) button.removeAttribute("aria-disabled");
});

// The summary of errors takes the focus, as a reader would look there first.
document.querySelector("[data-focus-first]")?.focus();
