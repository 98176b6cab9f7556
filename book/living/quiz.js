/* Chapter 12a: recorded runs without their names. The reader commits to an answer. */
"use strict";
ddpgLiving.define("spot-the-bug", fig => {
	const L = ddpgLiving, { make } = L, { runs } = L.data.quiz, N = runs.length, LETTERS = [..."abcd"];
	const s = fig.state({ run: 1, agent: 0, answers: "-".repeat(N) });
	const given = i => s.answers[i], right = i => given(i) === runs[i].right;
	const areas = [];
	let run;

	const show = () => {
		s.run = L.clip(Math.round(s.run), 1, N);
		s.agent = L.clip(Math.round(s.agent), 0, runs[s.run - 1].panels[0].agents.length);
		s.answers = runs.map((_, i) => (LETTERS.includes(given(i)) ? given(i) : "-")).join("");
		run = runs[s.run - 1];
		agent.set(s.agent);
		asked.innerHTML = `<strong>Run ${s.run}.</strong> ${run.question}`;
		charts.forEach((e, j) => {
			const panel = run.panels[j];
			e.parentNode.hidden = !panel;
			if (panel) e.setAttribute("aria-label", j ? panel.label : `${panel.label}. ${run.alt}`);
		});
		const mine = given(s.run - 1), open = mine === "-";
		choices.forEach(({ letter, button, why }, i) => {
			const [words, reason] = run.choices[i];
			const verdict = letter === run.right ? "right" : letter === mine ? "wrong" : "";
			button.innerHTML = `<b>${letter}</b> ${words}`;
			button.className = open ? "" : verdict;
			button.setAttribute("aria-pressed", letter === mine);
			button.setAttribute("aria-disabled", !open);
			why.innerHTML = open ? "" : (letter === mine ? "<b>Your answer.</b> " : "")
				+ (verdict === "right" ? "<b>Right.</b> " : "") + reason;
		});
		marks.forEach((e, i) => {
			const verdict = given(i) === "-" ? "" : right(i) ? "right" : "wrong";
			e.textContent = `${i + 1}${{ right: " ✓", wrong: " ✗" }[verdict] || ""}`;
			e.className = verdict;
			e.setAttribute("aria-label", `Run ${i + 1}${verdict && `, ${verdict}`}`);
			e.setAttribute("aria-current", i + 1 === s.run);
		});
		const all = [...runs.keys()], count = which => all.filter(which).length, done = count(i => given(i) !== "-");
		score(`${done} of ${N} answered, ${count(right)} right.`
			+ (done < N ? "" : ` Of the ${count(i => !runs[i].bug)} without a bug you knew ${count(i => right(i) && !runs[i].bug)}.`)
			+ (open ? "" : ` This run is recorded as ${run.name}.`));
		fig.draw();
	};
	const go = number => {
		[s.run, s.agent] = [number, 0];
		fig.save();
		show();
	};
	const choose = letter => {
		const i = s.run - 1;
		if (given(i) !== "-") return;
		s.answers = s.answers.slice(0, i) + letter + s.answers.slice(i + 1);
		fig.save();
		show();
		fig.say(choices.filter(x => x.letter === letter || x.letter === run.right)
			.map(x => `${x.letter}: ${x.why.textContent}`).join(" "));
	};

	const marks = runs.map((_, i) => fig.button("", () => go(i + 1)));
	const asked = make("p");
	fig.stage.append(make("div", { class: "living-marks", role: "group", "aria-label": "Runs" }, ...marks), asked);
	const charts = [0, 1, 2].map(j => fig.canvas({
		label: "", ratio: innerWidth < 500 ? 0.55 : 0.8,
		draw(c, w, h, k) {
			const { label, color, steps, agents, typical, band } = run.panels[j], all = agents.flat();
			const low = Math.min(...all), high = Math.max(...all), room = (high - low) / 20 || 1;
			const x = [0, run.panels[0].steps.at(-1)], y = [low - room, high + room];
			const a = areas[j] = L.axes(c, w, h, { x, y, xlabel: "steps", ylabel: label, xticks: 3 }, k);
			const points = values => a.points(steps, values);
			c.globalAlpha = 0.2;
			L.fill(c, [...points(band[0]), ...points(band[1]).reverse()], k[color]);
			c.globalAlpha = 0.5;
			for (const values of agents) L.line(c, points(values), k[color], 1);
			c.globalAlpha = 1;
			L.line(c, points(typical), k[color], 2.5);
			if (s.agent) L.line(c, points(agents[s.agent - 1]), k.ink, 2);
		},
		drag(x, y) {
			const { steps, agents } = run.panels[j], { X, Y } = areas[j];
			const i = L.closest(steps, v => Math.abs(X(v) - x));
			s.agent = 1 + L.closest(agents, v => Math.abs(Y(v[i]) - y));
			agent.set(s.agent);
			fig.save();
		},
	}));
	const choices = LETTERS.map(letter =>
		({ letter, button: fig.button("", () => choose(letter)), why: make("p") }));
	fig.stage.append(make("div", { class: "living-choices" }, ...choices.flatMap(x => [x.button, x.why])));
	const agent = fig.slider({ label: "Agent", min: 0, max: 8, key: "agent", show: v => (v ? `${v}` : "all") });
	fig.button("Next", () => {
		const next = [...s.answers].findIndex((x, i) => x === "-" && i >= s.run);
		go(next < 0 ? s.answers.indexOf("-") + 1 || s.run % N + 1 : next + 1);
	});
	fig.button("Start over", () => {
		s.answers = "";
		go(1);
	});
	const score = fig.output();
	fig.root.addEventListener("keydown", event => {
		if (LETTERS.includes(event.key) && !(event.ctrlKey || event.metaKey || event.altKey)) choose(event.key);
	});
	// The same runs as a list, for where there are no scripts.
	const list = fig.root.parentNode.querySelector(".living-list");
	if (list) list.open = Boolean(list.querySelector(":target"));
	fig.onstate = show;
	show();
	fig.test = () => ({ ...s, right: runs.filter((_, i) => right(i)).length });
});
