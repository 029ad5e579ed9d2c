/** Marks a page of our own from its first moment on; see `aside.ts` and `connectDevtools()`. */
export const ASIDE_URL = "about:blank#viper-aside";
