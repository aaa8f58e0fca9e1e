/**
 * The label lists of COCO ("Common Objects in Context", cocodataset.org). The 91 category numbers include eleven that
 * no annotation uses, and a zero; networks that answer with category numbers have an output for each.
 */
const WITHOUT_ANNOTATIONS = new Set(
  'background,street sign,hat,shoe,eye glasses,plate,mirror,window,desk,door,blender'.split(','),
);

/** By category number, 0 to 90. */
export const coco91: readonly string[] = [
  'background,person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,street sign',
  'stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,hat,backpack,umbrella',
  'shoe,eye glasses,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,baseball glove',
  'skateboard,surfboard,tennis racket,bottle,plate,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich',
  'orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,mirror,dining table,window,desk',
  'toilet,door,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,refrigerator,blender,book',
  'clock,vase,scissors,teddy bear,hair drier,toothbrush',
].flatMap((line) => line.split(','));

/** Those that are annotated, in the same order: what most networks are trained on. */
export const coco80: readonly string[] = coco91.filter((label) => !WITHOUT_ANNOTATIONS.has(label));
