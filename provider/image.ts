/**
 * `lab:index:Image`: a guest image in the cache that all stacks share. Deleting the resource leaves the cache alone:
 * another stack may boot from it, and the next `up` is quick. Deleting the cache is safe at any time: machines keep
 * their base disk, and the next `up` makes the image again.
 */
import { z } from "zod";
import type { DiskImagePlan } from "../plan/model";
import { checkWith } from "../plugin/check";
import { compareInputs, type OperationContext, type Properties, type ResourceHandler } from "../plugin/handler";
import { buildImage, builtFiles } from "./image/build";
import { cloudDigest, fetchCloudImage, inspectDisk } from "./image/cloud";
import { recipeDigest, recipeOf } from "./image/recipe";
import { imageSourceSchema } from "./image/source";
import { describe, findImage, imagesFolder, obtainImage, type StoredImage } from "./image/store";
import { join } from "node:path";

const inputsSchema = z.object({ source: imageSourceSchema });

export const imageHandler: ResourceHandler = {
  check: checkWith(inputsSchema),

  // The scripts of the checkout are part of what an image is made from: a new digest is a new image.
  diff(old, inputs) {
    const changes = compareInputs(old.properties, inputs, ["source"], ["source"]);
    const source = inputsSchema.safeParse(inputs);
    const digest = source.success ? knownDigest(source.data.source) : undefined;
    return digest === undefined || digest === old.properties.digest
      ? changes
      : { changed: [...changes.changed, "digest"], replaces: [] };
  },

  preview(inputs) {
    const { source } = inputsSchema.parse(inputs);
    if (source.kind === "cloud") return {};
    const recipe = recipeOf(source);
    const digest = recipeDigest(recipe);
    const manifest = { ...builtFiles, kernelArguments: recipe.kernelArguments };
    return outputs(describe(digest, join(imagesFolder(), digest), manifest));
  },

  async create(inputs, context) {
    const image = await obtain(inputsSchema.parse(inputs).source, context);
    return { id: image.digest, outputs: { ...inputs, ...outputs(image) } };
  },

  read(old) {
    const digest = old.properties.digest;
    const found = typeof digest === "string" ? findImage(digest) : undefined;
    return Promise.resolve(found === undefined ? undefined : { ...old.properties, ...outputs(found) });
  },

  async update(_old, inputs, context) {
    return { ...inputs, ...outputs(await obtain(inputsSchema.parse(inputs).source, context)) };
  },

  delete: () => Promise.resolve(),
};

async function obtain(source: DiskImagePlan, context: OperationContext): Promise<StoredImage> {
  if (source.kind === "build") {
    const recipe = recipeOf(source);
    return obtainImage(recipeDigest(recipe), context, async (folder) => {
      await buildImage(recipe, folder, context);
      return { ...builtFiles, kernelArguments: recipe.kernelArguments };
    });
  }
  const digest = await cloudDigest(source, context);
  return obtainImage(digest, context, async (folder) => {
    const disk = await fetchCloudImage(source, digest, folder, context);
    return { disk, format: await inspectDisk(join(folder, disk), context) };
  });
}

/** The digest when it takes no more than a moment to know it. */
function knownDigest(source: DiskImagePlan): string | undefined {
  return source.kind === "build" ? recipeDigest(recipeOf(source)) : source.sha256;
}

function outputs(image: StoredImage): Properties {
  return { ...image };
}
