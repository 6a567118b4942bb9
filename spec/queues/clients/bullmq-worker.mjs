import { Queue, Worker } from 'bullmq';

export function start({ processor, settings, connection }) {
  const queue = new Queue('settlements', { connection, defaultJobOptions: settings.job });
  const worker = new Worker('settlements', processor, { connection, ...settings.worker });
  worker.on('error', (error) => console.error(error.message));
  worker.on('failed', (job, error) => console.error(job?.id, error.cause ?? error));
  return { queue, worker };
}
