// Engage · the form editor: saves a card after a pause, drags questions, renews the phone beside them, offers the values of a condition.
// Without it every step is a form that is sent.

const builder = document.querySelector("[data-builder]");
const status = document.querySelector("[data-builder-status]");
const token = document.querySelector("#steps [name=csrf_token]")?.value ?? "";
const PAUSE = 1200;

function say(words, bad = false) {
  if (!status || !words) return;
  status.textContent = words;
  status.dataset.kind = bad ? "bad" : "";
}

// Every form of the page goes on from the newest revision.
function goOnFrom(revision) {
  for (const field of document.querySelectorAll("input[name=revision], input[name$='-revision']")) field.value = revision;
  for (const button of document.querySelectorAll("[data-undo], [data-redo]")) {
    button.setAttribute("formaction", button.getAttribute("formaction").replace(/\d+$/, revision));
  }
  const undo = document.querySelector("[data-undo]");
  if (undo) undo.disabled = false;
  const redo = document.querySelector("[data-redo]");
  if (redo) redo.disabled = true;
}

function renewPreview() {
  const frame = document.querySelector("[data-preview]");
  if (frame?.checkVisibility?.() ?? frame?.offsetParent) frame.contentWindow.location.reload();
}

async function send(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    body,
    headers: { Accept: "application/json", "X-CSRFToken": token },
    redirect: "error",
  });
  return [answer.ok, await answer.json(), answer.status];
}

// ── saving after a pause ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const waiting = new Map();
let sending = Promise.resolve();

function warn(sentence) {
  const mark = document.querySelector("[data-problems] .field-error .icon, .field-error .icon")?.cloneNode(true);
  const line = document.createElement("p");
  line.className = "field-error";
  line.dataset.fresh = "";
  const words = document.createElement("span");
  words.textContent = sentence;
  if (mark) line.append(mark);
  line.append(words);
  return line;
}

function showFaults(form, faults) {
  for (const old of form.querySelectorAll("[data-fresh]")) old.remove();
  for (const bad of form.querySelectorAll(".is-bad")) {
    bad.classList.remove("is-bad");
    bad.removeAttribute("aria-invalid");
  }
  for (const [id, sentence] of Object.entries(faults ?? {})) {
    const field = form.querySelector(`#${CSS.escape(id)}`);
    if (!field) continue;
    field.classList.add("is-bad");
    field.setAttribute("aria-invalid", "true");
    field.closest(".field")?.append(warn(sentence));
  }
}

function showSaved(form, found) {
  goOnFrom(found.revision);
  say(found.message);
  const lead = document.querySelector("[data-builder-lead]");
  if (lead && found.lead) lead.textContent = found.lead;
  const label = form.querySelector("[data-label]");
  if (label && found.label) label.textContent = found.label;
  const box = form.querySelector("[data-problems]");
  if (box) box.replaceChildren(...(found.problems ?? []).map((each) => warn(each.words)));
  for (const old of form.querySelectorAll(".at-field")) old.remove();
  form.dataset.saved = "";
  renewPreview();
}

async function saveNow(form) {
  clearTimeout(waiting.get(form));
  waiting.delete(form);
  const typed = new FormData(form);
  say(builder.dataset.saving);
  try {
    const [ok, found, code] = await send(form.action, typed);
    showFaults(form, found.faults);
    if (ok) return showSaved(form, found);
    say(found.message ?? found.error?.message, true);
    if (code === 409 && found.revision) {
      // Saving again is a decision now: it is no longer done by itself.
      form.dataset.conflict = "";
      goOnFrom(found.revision);
      const box = form.querySelector("[data-problems]") ?? form.querySelector(".card-body");
      const told = document.createElement("div");
      told.setAttribute("role", "alert");
      told.className = "notice notice-bad notice-gap";
      told.append(Object.assign(document.createElement("div"), { innerHTML: found.compared ?? "" }));
      told.firstChild.prepend(Object.assign(document.createElement("p"), { textContent: found.message }));
      box.prepend(told);
    }
  } catch {
    say(builder.dataset.failed, true);
    waiting.set(form, setTimeout(() => queue(form), 10 * PAUSE));
  }
}

function queue(form) {
  sending = sending.then(() => saveNow(form));
  return sending;
}

function later(event) {
  const form = event.target.form;
  if (!form || form.dataset.autosave === undefined || form.dataset.conflict !== undefined) return;
  if (event.target.closest("[data-helper]")) return;
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(() => queue(form), PAUSE));
}
document.addEventListener("input", later);
document.addEventListener("change", later);

// A step elsewhere on the page takes what was typed along first.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  clearTimeout(waiting.get(form));
  waiting.delete(form);
  if (!waiting.size) return;
  event.preventDefault();
  const submitter = event.submitter;
  for (const each of [...waiting.keys()]) queue(each);
  await sending;
  if (!document.querySelector("[data-conflict], [data-fresh]")) form.requestSubmit(submitter);
}, true);
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || !waiting.size || event.ctrlKey || event.metaKey || link.target) return;
  event.preventDefault();
  for (const each of [...waiting.keys()]) queue(each);
  await sending;
  if (!document.querySelector("[data-conflict], [data-fresh]")) location.assign(link.href);
});

window.addEventListener("beforeunload", (event) => {
  if (waiting.size) event.preventDefault();
});

// Ctrl+Z and Ctrl+Y where no field has the focus: there they belong to what is typed.
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.target.closest?.("input, textarea, select")) return;
  const wanted = event.key === "z" && !event.shiftKey ? "[data-undo]" : event.key === "y" || (event.key === "z" && event.shiftKey) ? "[data-redo]" : "";
  const button = wanted && document.querySelector(wanted);
  if (button && !button.disabled) {
    event.preventDefault();
    button.click();
  }
});

// ── dragging ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const list = document.querySelector("[data-sortable]");
if (list && window.Sortable) {
  window.Sortable.create(list, {
    handle: "[data-handle]",
    draggable: "[data-question]",
    ghostClass: "q-ghost",
    animation: 120,
    onEnd: async ({ item, oldDraggableIndex, newDraggableIndex }) => {
      if (oldDraggableIndex === newDraggableIndex) return;
      for (const each of [...waiting.keys()]) queue(each);
      await sending;
      const body = new FormData();
      body.set("place", String(newDraggableIndex + 1));
      body.set("revision", document.querySelector("#steps [name=revision]").value);
      say(builder.dataset.saving);
      try {
        const [ok, found] = await send(builder.dataset.move.replace("QUESTION", item.dataset.question), body);
        if (!ok) return say(found.message ?? found.error?.message, true);
        goOnFrom(found.revision);
        say(found.message);
        await renewList();
        renewPreview();
      } catch {
        say(builder.dataset.failed, true);
      }
    },
  });
}

// Numbers, page breaks and arrows anew; the opened card stays as it is, with what is typed in it.
async function renewList() {
  const page = new DOMParser().parseFromString(await (await fetch(location.href.split("#")[0])).text(), "text/html");
  const fresh = page.querySelector("[data-sortable]");
  if (!fresh) return;
  const opened = list.querySelector(".is-open");
  const place = opened && fresh.querySelector(`[data-question="${CSS.escape(opened.dataset.question)}"]`);
  if (place) {
    const count = opened.querySelector(".count");
    const number = place.querySelector(".count");
    if (count && number) count.textContent = number.textContent;
    place.replaceWith(opened);
  }
  list.replaceChildren(...fresh.children);
}

// ── the values of a condition ─────────────────────────────────────────────────────────────────────────────────────────────────────

for (const helper of document.querySelectorAll("[data-helper]")) {
  const choices = JSON.parse(helper.dataset.choices || "{}");
  const name = helper.querySelector("select[name$='-name']");
  const comparison = helper.querySelector("select[name$='-comparison']");
  const typed = helper.querySelector("input[name$='-value']");
  if (!name || !typed) continue;
  const chosen = document.createElement("select");
  chosen.className = "form-select";
  const offer = () => {
    const values = choices[name.value];
    if (values) {
      chosen.replaceChildren(...values.map(([id, words]) => new Option(words, id)));
      if (values.some(([id]) => id === typed.value)) chosen.value = typed.value;
      [chosen.name, chosen.id] = [typed.name || chosen.name, typed.id || chosen.id];
      typed.removeAttribute("name");
      typed.removeAttribute("id");
      typed.hidden = true;
      typed.after(chosen);
    } else if (chosen.isConnected) {
      [typed.name, typed.id] = [chosen.name, chosen.id];
      chosen.remove();
      typed.hidden = false;
    }
    const field = (typed.closest(".field") ?? typed);
    field.hidden = comparison?.value === "answered" || comparison?.value === "unanswered";
  };
  name.addEventListener("change", offer);
  comparison?.addEventListener("change", offer);
  offer();
}
