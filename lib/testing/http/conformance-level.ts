/** How binding a check is: what its source says with MUST or SHOULD, or `custom` for what clients rely on beyond it. */
export type ConformanceLevel = 'MUST' | 'SHOULD' | 'custom';
