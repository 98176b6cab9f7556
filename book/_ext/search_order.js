// How the book's search orders what it finds: Sphinx's own scores, but where a word stands in the
// heading of a chapter and of a page that says how to, the latter comes first. (`var`, since Sphinx
// declares it again.)
var Scorer = {
  score: ([docname, , , , score]) => score + (docname.startsWith("notebooks/howto_") ? 5 : 0),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
