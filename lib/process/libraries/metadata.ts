/*! Contains reflect-metadata, Apache-2.0: https://github.com/microsoft/reflect-metadata */
export {
  defineMetadata,
  getOwnMetadata,
  getOwnMetadataKeys,
  hasOwnMetadata,
} from 'reflect-metadata/no-conflict';
