import { Idempotent } from 'retrysafe';

/** Has no `name`, so its operation is named after the class, as long as the bundler keeps that. */
class Holds {
  runs = 0;

  @Idempotent({ key: 'id' })
  async place(request: { readonly id: string }): Promise<string> {
    this.runs += 1;
    return `held ${request.id}`;
  }
}

async function main(): Promise<void> {
  const holds = new Holds();
  await holds.place({ id: 'a' });
  await holds.place({ id: 'a' });
  console.log(`runs: ${holds.runs}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
