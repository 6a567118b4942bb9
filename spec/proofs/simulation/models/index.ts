import type { StoreModel } from '../store-model.js';
import { atomic } from './atomic.js';
import { dynamodb } from './dynamodb.js';
import { redis } from './redis.js';
import { sql } from './sql.js';

/** The kinds of stores that histories are lived through on. */
export const models: readonly StoreModel[] = [atomic, dynamodb, redis, sql];
