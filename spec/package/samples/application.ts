import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type {
  APIGatewayProxyEvent,
  APIGatewayProxyResult,
  Context,
  SQSBatchResponse,
  SQSEvent,
} from 'aws-lambda';
import { tableDefinition } from 'retrysafe/dynamodb';
import type { SqsClient, SqsOptions } from 'retrysafe/sqs';
import type { DynamoDBFixture } from '../../support/dynamodb.js';
import { fixture } from '../../support/fixture.js';
import { compileSamples, load } from './compiled.js';

/** What the stand-in for the bank kept of a request. */
export interface Placed {
  readonly transactionId: string;
  readonly holdId: string;
  readonly key: string;
}

type BankAnswer = { readonly status: number; readonly body?: object };

/** The stand-in for the bank, behind HTTP on this machine. */
export interface Bank {
  readonly url: string;
  readonly bank: {
    readonly ledger: readonly Placed[];
    readonly settlements: readonly Placed[];
    outages: number;
  };
  /** What happens to the next request to do something, in place of the usual. */
  interception: ((key: string, carryOut: () => Promise<BankAnswer>) => Promise<BankAnswer>) | undefined;
  stop(): Promise<void>;
}

/** The three functions over one service, as one process has them. */
export interface Application {
  readonly service: object;
  readonly api: { handle(event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> };
  readonly consumer: { handle(event: SQSEvent, context: Context): Promise<SQSBatchResponse> };
  readonly step: { handle(input: unknown, context: Context): Promise<{ readonly holdId: string }> };
  readonly queues: Queues;
  /** What the consumer reported: ids of messages, and the names of errors. */
  readonly reports: [messageId: string, error: string][];
}

/** Stands for SQS: the queue of settlements and its dead-letter queue. */
export class Queues {
  /** What was asked, each with the name of the queue. */
  readonly requests: string[] = [];
  /** The bodies of the messages that were parked. */
  readonly parked: string[] = [];
  readonly #client: SqsClient = {
    sendMessage: async ({ QueueUrl, MessageBody }) => {
      this.requests.push(`sqs:SendMessage ${new URL(QueueUrl).pathname}`);
      this.parked.push(MessageBody);
    },
    changeMessageVisibility: async ({ QueueUrl }) => {
      this.requests.push(`sqs:ChangeMessageVisibility ${new URL(QueueUrl).pathname}`);
    },
  };

  get options(): SqsOptions {
    return { client: this.#client, queueUrl: 'http://sqs/settlements', parkingUrl: 'http://sqs/failed' };
  }
}

/** The names of the tables that an application uses. */
export interface Tables {
  readonly idempotency: string;
  readonly refunds: string;
}

interface Parts {
  readonly bankUrl: string;
  readonly tables: Tables;
  readonly client: DynamoDBClient;
}

/** The compiled application, for specs that put its parts together. */
export class ApplicationParts {
  readonly #modules: Modules;

  private constructor(modules: Modules) {
    this.#modules = modules;
  }

  static async load(): Promise<ApplicationParts> {
    await compileSamples();
    const files = [
      'app/composition.js',
      'app/pre-fund-api.js',
      'app/settlement-consumer.js',
      'app/workflow-step.js',
      'app/call-metrics.js',
      'story/bank-stand-in.js',
      'story/bank-server.js',
    ];
    const modules = await Promise.all(files.map((file) => load<Partial<Modules>>(file)));
    return new ApplicationParts(Object.assign({}, ...modules));
  }

  /** The deployed composition with a client of the spec's: one more call of it is one more process. */
  start({ bankUrl, tables, client }: Parts): Application {
    const { preFundService, PreFundApi, SettlementConsumer, WorkflowStep } = this.#modules;
    const environment = {
      CORE_BANK_URL: bankUrl,
      IDEMPOTENCY_TABLE: tables.idempotency,
      REFUNDS_TABLE: tables.refunds,
    };
    const service = preFundService(environment, client);
    const reports: Application['reports'] = [];
    const queues = new Queues();
    const report: SqsOptions['report'] = ({ id, error }) => reports.push([id, (error as Error).name]);
    return {
      service,
      api: new PreFundApi(service),
      consumer: new SettlementConsumer(service, { ...queues.options, report }),
      step: new WorkflowStep(service),
      queues,
      reports,
    };
  }

  startBank(balances: ReadonlyMap<string, number> = new Map([['4711', 1_000_000]])): Promise<Bank> {
    const { BankStandIn, BankServer } = this.#modules;
    const report = { ran() {}, worked() {}, looked() {} };
    return BankServer.start(new BankStandIn({ balances, report }));
  }

  /** Writes metrics until the returned function is called. */
  startMetrics(write: (line: string) => void): () => void {
    return new this.#modules.CallMetrics({ namespace: 'PreFund', service: 'pre-fund' }, write).start();
  }
}

/** The application in use by a spec: its tables, a bank, and a process of it. */
export class RunningSample {
  #parts!: ApplicationParts;
  tables!: Tables;
  bank!: Bank;
  application!: Application;

  constructor(readonly dynamoDB: DynamoDBFixture) {}

  async load(): Promise<void> {
    this.#parts = await ApplicationParts.load();
  }

  async begin(): Promise<void> {
    this.tables = await createTables(this.dynamoDB);
    await this.startBank();
    this.restart();
  }

  async startBank(): Promise<void> {
    this.bank = await this.#parts.startBank();
  }

  /** Starts one more process of the application. */
  start({
    // A bank that was stopped has no address.
    bankUrl = this.bank.url,
    tables = this.tables,
    client = this.dynamoDB.client(),
  }: Partial<Parts> = {}): Application {
    return this.#parts.start({ bankUrl, tables, client });
  }

  /** Goes on with another process of the application. */
  restart(more: Partial<Parts> = {}): void {
    this.application = this.start(more);
  }
}

/** Gives each spec of a `describe` an application with tables and a bank of its own. */
export function useSample(dynamoDB: DynamoDBFixture): RunningSample {
  const sample = new RunningSample(dynamoDB);
  before(async function () {
    this.timeout(60_000);
    await sample.load();
  });
  beforeEach(() => sample.begin());
  afterEach(() => sample.bank.stop());
  return sample;
}

interface Modules {
  preFundService(env: object, client: DynamoDBClient): object;
  PreFundApi: new (service: object) => Application['api'];
  SettlementConsumer: new (service: object, queues: SqsOptions) => Application['consumer'];
  WorkflowStep: new (service: object) => Application['step'];
  CallMetrics: new (names: object, write: (line: string) => void) => { start(): () => void };
  BankStandIn: new (options: object) => object;
  BankServer: { start(bank: object): Promise<Bank> };
}

/** Creates the tables of one application. */
export async function createTables(dynamoDB: DynamoDBFixture): Promise<Tables> {
  const [idempotency, refunds] = await Promise.all([dynamoDB.createTable(), dynamoDB.createTable()]);
  return { idempotency, refunds };
}

/** The key and TTL attributes that the application's table must have. */
export const definition = tableDefinition({ tableName: 'any' });

/**
 * A request as API Gateway delivers it; its body is the text of the object, or the text itself. Its key is the id of what is
 * asked for, unless it is another one.
 */
export function httpEvent(
  resource: string,
  body: object | string | null,
  key = idIn(body),
): APIGatewayProxyEvent {
  const event = fixture<APIGatewayProxyEvent>('request/events/api-gateway-rest.json');
  const text = typeof body === 'object' && body !== null ? JSON.stringify(body) : body;
  Object.assign(event.requestContext.identity, { accountId: '210987654321' });
  const multiValueHeaders = { ...event.multiValueHeaders, 'Idempotency-Key': [key] };
  return { ...event, multiValueHeaders, resource, path: resource, body: text };
}

function idIn(body: object | string | null): string {
  const { refundId, transactionId } = Object(body) as Record<string, unknown>;
  return JSON.stringify(refundId || transactionId || 'any')
    .slice(0, 60)
    .replace(/[^\w-]/g, '');
}

/** What an answer's body says. */
export function bodyOf({ body }: APIGatewayProxyResult): Record<string, unknown> {
  return JSON.parse(body);
}
