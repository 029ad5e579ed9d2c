/** The version of Viper, daemon and agent alike. */
export const VERSION = "0.1.0";
