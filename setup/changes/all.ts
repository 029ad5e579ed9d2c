/** Every kind of change, by the name that the record has. */
import { recorded, type Step } from "../step.ts";
import { groupKind, userKind } from "./account.ts";
import { addressKind, bridgeKind, upKind } from "./bridge.ts";
import { fileKind, unitFileKind } from "./file.ts";
import { folderKind } from "./folder.ts";
import { packageListsKind, packagesKind } from "./packages.ts";
import { rulesKind } from "./rules.ts";
import { serviceKind } from "./service.ts";
import { forwardingKind, sysctlKind } from "./sysctl.ts";

/** A reader of recorded steps for each kind. */
export const READERS: Readonly<Record<string, (what: unknown) => Step>> = {
  [packageListsKind.name]: recorded(packageListsKind),
  [packagesKind.name]: recorded(packagesKind),
  [groupKind.name]: recorded(groupKind),
  [userKind.name]: recorded(userKind),
  [folderKind.name]: recorded(folderKind),
  [fileKind.name]: recorded(fileKind),
  [unitFileKind.name]: recorded(unitFileKind),
  [bridgeKind.name]: recorded(bridgeKind),
  [addressKind.name]: recorded(addressKind),
  [upKind.name]: recorded(upKind),
  [sysctlKind.name]: recorded(sysctlKind),
  [forwardingKind.name]: recorded(forwardingKind),
  [rulesKind.name]: recorded(rulesKind),
  [serviceKind.name]: recorded(serviceKind),
};
