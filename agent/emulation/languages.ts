/** Languages as servers are told of them, and as Chrome wants to be told. */

/**
 * From a header Accept-Language to the bare list that Chrome takes, the most wanted first: it
 * counts the weights by itself, and takes what is given for a language as a whole.
 *
 * Source: https://www.rfc-editor.org/rfc/rfc9110#name-accept-language
 */
export function bareLanguages(header: string): string {
  const weighed = header.split(",").map((range) => {
    const [language = "", ...parameters] = range.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => /^q\s*=/i.test(parameter))?.split("=")[1];
    return { language, weight: weight === undefined ? 1 : Number(weight) };
  });
  return weighed
    .filter(({ language, weight }) => language !== "" && language !== "*" && weight > 0)
    .sort((one, other) => other.weight - one.weight)
    .map(({ language }) => language)
    .join(",");
}
