// What a slow line does to a page: each request of its scripts leaves late, by a time of its own, so that answers come in
// another order than they were asked for; what fetch brings is told late as well.
(seed) => {
  let state = seed;
  const late = (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator: the same seed, the same lateness
    return (state / 2 ** 32) ** 2 * most; // milliseconds, most of them short
  };
  const passed = (time) => new Promise((done) => setTimeout(done, time));

  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (body) {
    setTimeout(() => this.readyState === XMLHttpRequest.OPENED && send.call(this, body), late(900));
  };
  const plain = window.fetch;
  window.fetch = async (...asked) => {
    await passed(late(900));
    const answer = await plain(...asked);
    await passed(late(300));
    return answer;
  };
}
