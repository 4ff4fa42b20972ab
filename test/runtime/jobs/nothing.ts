// A module without run().
export const value = 1;
