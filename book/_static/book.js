// What scrolls sideways can be reached by keyboard, and a figure that a phone makes small can be enlarged.
document.addEventListener("DOMContentLoaded", () => {
  const regions = [...document.querySelectorAll(
    "article :is(pre, .pst-scrollable-table-container, .cell_output .output.text_html, .ddpg-figure-scroll)")];
  const drawings = [...document.querySelectorAll(".ddpg-figure-scroll > svg")].map((svg) => {
    const button = Object.assign(document.createElement("button"), {
      type: "button", className: "ddpg-enlarge", textContent: "Enlarge", hidden: true,
    });
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      const large = svg.parentElement.classList.toggle("is-large");
      button.setAttribute("aria-pressed", large);
      update();
    });
    svg.parentElement.after(button);
    return { svg, button, natural: svg.viewBox.baseVal.width * 4 / 3 };
  });
  function update() {
    for (const { svg, button, natural } of drawings) {
      const width = svg.parentElement.clientWidth;
      button.hidden = !width || width >= 0.7 * natural;
      svg.style.setProperty("--natural", `${0.9 * natural}px`);
    }
    for (const region of regions) {
      if (region.scrollWidth > region.clientWidth + 1) region.tabIndex = 0;
      else region.removeAttribute("tabindex");
    }
  }
  update();
  document.fonts.ready.then(update);
  addEventListener("resize", update);
  document.addEventListener("toggle", update, true);
});
