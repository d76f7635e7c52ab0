// Prints the tests in a browser, and their number in the form that .ci/run adds up.
export default async function* summary(source) {
  const count = { passed: 0, failed: 0 };
  for await (const { type, data } of source) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details.type === 'suite') continue;
    const passed = type === 'test:pass';
    count[passed ? 'passed' : 'failed']++;
    yield `${passed ? 'ok  ' : 'FAIL'}  ${data.name} (${Math.round(data.details.duration_ms)} ms)\n`;
    if (!passed) yield `${data.details.error.cause?.stack ?? data.details.error.stack}\n`;
  }
  yield `browser: ${count.passed} passed, ${count.failed} failed\n`;
}
