// Adds files, follows the job to its end, deletes documents.
const at = (id) => document.getElementById(id);
const reason = async (answer) => { try { return (await answer.json()).error.message; } catch { return `the server answered ${answer.status}`; } };
let running = "";

const show = (job) => {
  const { done = 0, total = 0 } = job.progress || {};
  at("job").hidden = false;
  at("job-state").textContent = total ? `${job.state}: ${done} of ${total}` : job.state;
  if (total) at("job-progress").value = done / total;
};

const end = (job) => {
  const report = job.report && job.report.failed ? job.report : null;
  at("job-progress").hidden = at("job-cancel").hidden = true;
  at("job-state").textContent = report
    ? `${job.state}: ${report.indexed} indexed, ${report.unchanged} unchanged, ${report.failed.length} failed`
    : `${job.state}${job.error ? `: ${job.error}` : ""}`;
  at("job-failures").replaceChildren(...(report ? report.failed : []).map((failure) => {
    const item = document.createElement("li");
    item.textContent = `${failure.uri.split("/").pop()}: ${failure.reason}`;
    return item;
  }));
  if (report && report.indexed) {
    const again = document.createElement("li");
    const link = document.createElement("a");
    link.href = "library";
    link.textContent = "Show the library as it is now";
    again.append(link);
    at("job-failures").append(again);
  }
};

const follow = (id) => {
  running = id;
  at("job-progress").hidden = at("job-cancel").hidden = false;
  const events = new EventSource(`page/v1/jobs/${id}/events`);
  events.addEventListener("job", (event) => show(JSON.parse(event.data)));
  events.addEventListener("over", (event) => { events.close(); end(JSON.parse(event.data)); });
};

const add = async (files) => {
  if (!files.length) return;
  const form = new FormData();
  for (const file of files) form.append("files", file);
  form.append("replace", String(at("add").elements.replace.checked));
  at("job").hidden = false;
  at("job-failures").replaceChildren();
  at("job-progress").removeAttribute("value");
  at("job-state").textContent = `sending ${files.length} file${files.length === 1 ? "" : "s"} …`;
  try {
    const answer = await fetch("page/v1/documents", { method: "POST", body: form });
    if (!answer.ok) throw new Error(await reason(answer));
    const job = await answer.json();
    show(job);
    follow(job.id);
  } catch (error) {
    at("job-progress").hidden = at("job-cancel").hidden = true;
    at("job-state").textContent = `Not added: ${error.message}`;
  }
};

at("add").elements.files.addEventListener("change", (event) => { add([...event.target.files]); event.target.value = ""; });
for (const kind of ["dragover", "dragleave", "drop"]) {
  at("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("mm-over", kind === "dragover");
    if (kind === "drop") add([...event.dataTransfer.files]);
  });
}
at("job-cancel").addEventListener("click", () => fetch(`page/v1/jobs/${running}`, { method: "DELETE" }));

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-delete]");
  if (!button) return;
  const row = button.closest("tr");
  at("sure-what").textContent = `Delete ${row.dataset.name} from the library?`;
  at("sure").returnValue = "no";
  at("sure").showModal();
  at("sure").addEventListener("close", async () => {
    if (at("sure").returnValue !== "yes") return;
    button.disabled = true;
    const answer = await fetch(`page/v1/documents/${row.dataset.id}`, { method: "DELETE" });
    at("said").textContent = answer.ok ? `${row.dataset.name} is deleted` : `Not deleted: ${await reason(answer)}`;
    if (answer.ok) row.remove();
    else button.disabled = false;
  }, { once: true });
});
