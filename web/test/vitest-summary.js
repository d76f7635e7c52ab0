// Prints the number of unit tests in the form that .ci/run adds up.
export default class Summary {
  onTestRunEnd(modules) {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) count.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state in count) count[state]++;
      }
    }
    console.log(`console: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}
