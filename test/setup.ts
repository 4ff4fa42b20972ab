import fc from 'fast-check';

// The same examples in every run, so that a failure is there to be found again;
// FAST_CHECK_SEED asks for others.
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20260301) });
