/** Made from openapi.json by `npm run openapi`: not for editing. */
export interface paths {
  '/api/alerts': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description `since` and `until` are about when the alert was made.
     *
     *     Needs a key of the role `viewer` or `admin`.
     */
    get: operations['getAlerts'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/alerts/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getAlertsById'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    /**
     * @description Says that somebody has seen to it, or takes that back. An acknowledged alert stays as it was seen; taken back, it says what its event says by now.
     *
     *     Needs a key of the role `admin`.
     */
    patch: operations['patchAlertsById'];
    trace?: never;
  };
  '/api/audit': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description Who changed what, when, and from where. Kept for 400 days.
     *
     *     Needs a key of the role `admin`.
     */
    get: operations['getAudit'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/cameras': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getCameras'];
    put?: never;
    /**
     * @description Also brings back a deleted camera of this id.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postCameras'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/cameras/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getCamerasById'];
    put?: never;
    post?: never;
    /**
     * @description The camera is gone from the lists; its frames, detections and events are kept, unless it is purged: then they go in the background, and asking again tells what is left.
     *
     *     Needs a key of the role `admin`.
     */
    delete: operations['deleteCamerasById'];
    options?: never;
    head?: never;
    /** @description Needs a key of the role `admin`. */
    patch: operations['patchCamerasById'];
    trace?: never;
  };
  '/api/cameras/{id}/snapshot': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getCamerasByIdSnapshot'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/cameras/{id}/zones': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getCamerasByIdZones'];
    put?: never;
    /**
     * @description Holds for the frames that are examined from now on, in every process. Detections that do not count are kept, marked `suppressed_by`, and belong to no event. A camera has at most 50 zones.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postCamerasByIdZones'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/cameras/{id}/zones/{zone_id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getCamerasByIdZonesByZoneId'];
    put?: never;
    post?: never;
    /**
     * @description Holds for the frames that are examined from now on, in every process. Detections that do not count are kept, marked `suppressed_by`, and belong to no event.
     *
     *     Needs a key of the role `admin`.
     */
    delete: operations['deleteCamerasByIdZonesByZoneId'];
    options?: never;
    head?: never;
    /**
     * @description Holds for the frames that are examined from now on, in every process. Detections that do not count are kept, marked `suppressed_by`, and belong to no event.
     *
     *     Needs a key of the role `admin`.
     */
    patch: operations['patchCamerasByIdZonesByZoneId'];
    trace?: never;
  };
  '/api/channels': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `admin`. */
    get: operations['getChannels'];
    put?: never;
    /**
     * @description The secret of a webhook is shown this once: the same Idempotency-Key again is answered with 409 then.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postChannels'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/channels/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `admin`. */
    get: operations['getChannelsById'];
    put?: never;
    post?: never;
    /**
     * @description What waits to be sent there goes with it, and so does its log.
     *
     *     Needs a key of the role `admin`.
     */
    delete: operations['deleteChannelsById'];
    options?: never;
    head?: never;
    /** @description Needs a key of the role `admin`. */
    patch: operations['patchChannelsById'];
    trace?: never;
  };
  '/api/channels/{id}/deliveries': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `admin`. */
    get: operations['getChannelsByIdDeliveries'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/channels/{id}/deliveries/{delivery_id}/retry': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description Gives a dead delivery all its attempts again.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postChannelsByIdDeliveriesByDeliveryIdRetry'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/channels/{id}/rotate-secret': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description A new secret for a webhook. The one of before signs too for 24 hours, so that nothing is missed.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postChannelsByIdRotateSecret'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/channels/{id}/test': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description Sends a test message now, once, also over a channel that is switched off, and says what became of it within 15 s.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postChannelsByIdTest'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/clips': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getClips'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/clips/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getClipsById'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/clips/{id}/frames': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getClipsByIdFrames'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/clips/{id}/requeue': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description Gives a dead clip all its attempts again. The frames that were cut from it stay; it goes on after them.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postClipsByIdRequeue'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/clips/{id}/video': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description The bytes as the camera sent them. Whether a browser can play them depends on what it was filmed with.
     *
     *     Needs a key of the role `viewer` or `admin`.
     */
    get: operations['getClipsByIdVideo'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/clips/requeue': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description The same for all dead clips that pass the filters.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postClipsRequeue'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/detections': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description With those that count towards no event, unless `suppressed=false`; statistics leave them out.
     *
     *     Needs a key of the role `viewer` or `admin`.
     */
    get: operations['getDetections'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/detections/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getDetectionsById'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description `since` and `until` are about the start of an event.
     *
     *     Needs a key of the role `viewer` or `admin`.
     */
    get: operations['getEvents'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/events/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getEventsById'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    /** @description Needs a key of the role `admin`. */
    patch: operations['patchEventsById'];
    trace?: never;
  };
  '/api/events/{id}/analyses': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description Who analyzed the event, and what came of it: prompts and answers of a language model, vain attempts too.
     *
     *     Needs a key of the role `viewer` or `admin`.
     */
    get: operations['getEventsByIdAnalyses'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/events/{id}/analyze': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description Asks for one more analysis, first in line. Its result is told as `event.analyzed`.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postEventsByIdAnalyze'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/events/{id}/detections': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getEventsByIdDetections'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/events/{id}/frames': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getEventsByIdFrames'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/events/export': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description All events that pass the filters, newest first, as a file. In CSV, text is quoted, `labels` is JSON, and before what a spreadsheet would take for a formula stands an apostrophe, within a text too. A file that is cut off half-way ends with a broken connection: so ends that of a key which is revoked meanwhile.
     *
     *     Needs a key of the role `viewer` or `admin`.
     */
    get: operations['getEventsExport'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/frames': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getFrames'];
    put?: never;
    /**
     * @description The same way in as the folder. The same picture of the same camera again is the same frame, so it may be sent again without an Idempotency-Key, which counts for nothing here.
     *
     *     Needs a key of the role `ingest` or `admin`.
     */
    post: operations['postFrames'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/frames/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getFramesById'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/frames/{id}/image': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description The original bytes; with `annotated` or `width` a JPEG made from them, never enlarged. `annotated` draws what counts: no suppressed detections.
     *
     *     Needs a key of the role `viewer` or `admin`.
     */
    get: operations['getFramesByIdImage'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/frames/{id}/requeue': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description Gives a dead letter all its attempts again.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postFramesByIdRequeue'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/frames/requeue': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description The same for all dead letters that pass the filters, as far as they have a picture.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postFramesRequeue'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/keys': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description Revoked and expired ones too. ADMIN_API_KEY, the first key, is in the configuration and not in this list.
     *
     *     Needs a key of the role `admin`.
     */
    get: operations['getKeys'];
    put?: never;
    /**
     * @description A key is never changed: make another one and revoke this. It is shown this once: the same Idempotency-Key again is answered with 409.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postKeys'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/keys/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `admin`. */
    get: operations['getKeysById'];
    put?: never;
    post?: never;
    /**
     * @description Within a second no process lets it in any more; its sessions and sockets end. The row is kept. Doing it again changes nothing.
     *
     *     Needs a key of the role `admin`.
     */
    delete: operations['deleteKeysById'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/openapi.json': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description This document.
     *
     *     Needs a key of the role `viewer` or `admin`.
     */
    get: operations['getOpenapiJson'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/rules': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description What alerts are made of.
     *
     *     Needs a key of the role `admin`.
     */
    get: operations['getRules'];
    put?: never;
    /**
     * @description It looks at what comes from then on; `/api/rules/{id}/test` tells what it would have made of the past.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postRules'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/rules/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `admin`. */
    get: operations['getRulesById'];
    put?: never;
    post?: never;
    /**
     * @description Its alerts stay, with its name.
     *
     *     Needs a key of the role `admin`.
     */
    delete: operations['deleteRulesById'];
    options?: never;
    head?: never;
    /** @description Needs a key of the role `admin`. */
    patch: operations['patchRulesById'];
    trace?: never;
  };
  '/api/rules/{id}/test': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description Applies the rule, enabled or not, to past events. Cool-downs included, by the risk that events have today and by the zones of today, as if the rule had been enabled all the time. What did not count when it was seen is in no event, and stays out, though today's zones would let it count.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postRulesByIdTest'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/rules/test': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description Applies a rule that is not stored to past events. Cool-downs included, by the risk that events have today and by the zones of today, as if the rule had been enabled all the time. What did not count when it was seen is in no event, and stays out, though today's zones would let it count.
     *
     *     Needs a key of the role `admin`.
     */
    post: operations['postRulesTest'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/session': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description Who asks, be it by a session or by a key.
     *
     *     Needs no key.
     */
    get: operations['getSession'];
    put?: never;
    /**
     * @description For pages. The cookie counts for changes only where `Origin` or `Sec-Fetch-Site` names this very origin.
     *
     *     Needs no key.
     */
    post: operations['postSession'];
    /**
     * @description Ends the session of the cookie for good, and its sockets with it.
     *
     *     Needs no key.
     */
    delete: operations['deleteSession'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/stats/pipeline': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getStatsPipeline'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/stats/summary': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description `today` begins at midnight in the time zone of the cameras, and goes by capture time. Detections that count towards no event are in `suppressed` only.
     *
     *     Needs a key of the role `viewer` or `admin`.
     */
    get: operations['getStatsSummary'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/stats/timeline': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description Counts for each hour or day where the cameras are, by capture time: whole ones, from that of `since` (else 24 hours ago, or 30 days) to that of `until` (else now), at most 1000; of many cameras, to a key that is limited to them, less. A day may have 23 or 25 hours. Detections that count towards no event are left out.
     *
     *     Needs a key of the role `viewer` or `admin`.
     */
    get: operations['getStatsTimeline'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/system': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getSystem'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/system/config': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description The effective configuration of the process that answers; of secrets only whether they are set.
     *
     *     Needs a key of the role `admin`.
     */
    get: operations['getSystemConfig'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/system/gpu': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs a key of the role `viewer` or `admin`. */
    get: operations['getSystemGpu'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/detect': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description Labels and the smallest score are those of the configuration.
     *
     *     Needs a key of the role `ingest` or `admin`.
     */
    post: operations['postDetect'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/detect/batch': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description At most 64 pictures and 256 MiB. A bad picture fails alone.
     *
     *     Needs a key of the role `ingest` or `admin`.
     */
    post: operations['postDetectBatch'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/health': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs no key. */
    get: operations['getHealth'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/metrics': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * @description Needs no key from this very machine, asked by its address or as `localhost`, and not by a page of a browser.
     *
     *     Needs a key of the role `viewer` or `admin`.
     */
    get: operations['getMetrics'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/ready': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /** @description Needs no key. */
    get: operations['getReady'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/vision/detection': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * @description The DeepStack / CodeProject.AI protocol. Labels and the smallest score are those of the configuration.
     *
     *     Needs a key of the role `ingest` or `admin`.
     */
    post: operations['postV1VisionDetection'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    Alert: {
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      acknowledged_at: string | null;
      /** @description the name of the key that did */
      acknowledged_by: string | null;
      /** @example front_door */
      camera_id: string;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      captured_at: string;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      created_at: string;
      /** Format: uuid */
      event_id: string;
      /**
       * Format: uuid
       * @description the frame that shows it
       */
      frame_id: string;
      /** Format: uuid */
      id: string;
      /** @description of the strongest detection that matched */
      label: string;
      /** @enum {string} */
      risk_level: 'low' | 'medium' | 'high' | 'critical';
      risk_score: number;
      /**
       * Format: uuid
       * @description null once the rule is gone
       */
      rule_id: string | null;
      rule_name: string;
      score: number;
      summary: string;
      zone_ids: string[];
    };
    AlertPatch: {
      acknowledged: boolean;
    };
    Analysis: {
      /** @enum {string} */
      analyzer: 'rules' | 'llm';
      /** @description as it came, cut at 20,000 characters */
      answer: string | null;
      duration_ms: number;
      error: {
        /** @enum {string} */
        kind:
          | 'invalid'
          | 'not_found'
          | 'conflict'
          | 'unauthorized'
          | 'forbidden'
          | 'overloaded'
          | 'unavailable'
          | 'cancelled'
          | 'internal';
        message: string;
      } | null;
      /** Format: uuid */
      event_id: string;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      finished_at: string;
      /** Format: uuid */
      id: string;
      model: string | null;
      /** @enum {string} */
      outcome: 'ok' | 'error';
      /** @description as it was sent, with the frame in the place of each picture; null for the rules */
      prompt:
        | {
            content: (
              | {
                  text: string;
                  /** @enum {string} */
                  type: 'text';
                }
              | {
                  /** Format: uuid */
                  frame_id: string;
                  /** @enum {string} */
                  type: 'image';
                }
            )[];
            /** @enum {string} */
            role: 'system' | 'user';
          }[]
        | null;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      requested_at: string;
      risk_score: number | null;
      /** @description null where the server did not tell */
      tokens_in: number | null;
      tokens_out: number | null;
    };
    /** @description Whole pixels of the original picture, origin top left, inside the picture */
    BBox: {
      height: number;
      width: number;
      x: number;
      y: number;
    };
    Camera: {
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      created_at: string;
      enabled: boolean;
      folder: string;
      /** @example front_door */
      id: string;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      last_seen_at: string | null;
      name: string;
      /** @enum {string} */
      status: 'online' | 'offline' | 'unknown';
    };
    CameraCreate: {
      /** @description the same as the id when not given */
      folder?: string;
      /**
       * @description made from the folder or name when not given
       * @example front_door
       */
      id?: string;
      name: string;
    };
    CameraPatch: {
      enabled?: boolean;
      folder?: string;
      name?: string;
    };
    Change: {
      /** @description as in `camera.updated` */
      action: string;
      /** @description the key's id; `admin` for ADMIN_API_KEY, `cli` for the command line, `system` for Nightjar itself */
      actor_id: string;
      actor_name: string;
      actor_role: string;
      address: string | null;
      /** @description null for what is no more */
      after: {
        [key: string]: unknown;
      } | null;
      /** Format: date-time */
      at: string;
      /** @description null for what was not there before */
      before: {
        [key: string]: unknown;
      } | null;
      /** Format: uuid */
      id: string;
      request_id: string | null;
      target_id: string | null;
      /** @enum {string} */
      via: 'key' | 'session' | 'cli' | 'system';
    };
    Channel: {
      /** Format: date-time */
      created_at: string;
      enabled: boolean;
      /** Format: uuid */
      id: string;
      /** @enum {string} */
      kind: 'webhook' | 'email' | 'ntfy' | 'mqtt';
      /** Format: date-time */
      last_delivered_at: string | null;
      /** @description null once something arrived after it; of MQTT also why the broker is away, until it is back */
      last_error: {
        /** Format: date-time */
        at: string;
        /** @enum {string} */
        kind:
          | 'invalid'
          | 'not_found'
          | 'conflict'
          | 'unauthorized'
          | 'forbidden'
          | 'overloaded'
          | 'unavailable'
          | 'cancelled'
          | 'internal';
        message: string;
      } | null;
      name: string;
      /** @description those of the kind; in the place of a secret `{"set":true}`, or false where there is none */
      settings: {
        [key: string]: unknown;
      };
    };
    ChannelCreate:
      | {
          /** @default true */
          enabled?: boolean;
          /** @enum {string} */
          kind: 'webhook';
          name: string;
          settings: components['schemas']['WebhookSettings'];
        }
      | {
          /** @default true */
          enabled?: boolean;
          /** @enum {string} */
          kind: 'email';
          name: string;
          settings: components['schemas']['EmailSettings'];
        }
      | {
          /** @default true */
          enabled?: boolean;
          /** @enum {string} */
          kind: 'ntfy';
          name: string;
          settings: components['schemas']['NtfySettings'];
        }
      | {
          /** @default true */
          enabled?: boolean;
          /** @enum {string} */
          kind: 'mqtt';
          name: string;
          settings: components['schemas']['MqttSettings'];
        };
    ChannelPatch: {
      enabled?: boolean;
      name?: string;
      /** @description those that change, in the form of the kind; what is left out stays, secrets included */
      settings?: {
        [key: string]: unknown;
      };
    };
    ChannelTest: {
      delivered: boolean;
      /** Format: uuid */
      delivery_id: string;
      duration_ms: number;
      error: {
        /** @enum {string} */
        kind:
          | 'invalid'
          | 'not_found'
          | 'conflict'
          | 'unauthorized'
          | 'forbidden'
          | 'overloaded'
          | 'unavailable'
          | 'cancelled'
          | 'internal';
        message: string;
      } | null;
      /** @description what the other side said */
      response: string | null;
    };
    Clip: {
      attempts: number;
      bytes: number;
      /** @example front_door */
      camera_id: string;
      /**
       * Format: date-time
       * @description of its first picture
       */
      captured_at: string;
      /** @enum {string} */
      captured_from: 'name' | 'metadata' | 'modified';
      /** @description this and the next three: null until it was looked into */
      duration_ms: number | null;
      error: {
        /** @enum {string} */
        kind:
          | 'invalid'
          | 'not_found'
          | 'conflict'
          | 'unauthorized'
          | 'forbidden'
          | 'overloaded'
          | 'unavailable'
          | 'cancelled'
          | 'internal';
        message: string;
      } | null;
      frames_planned: number | null;
      height: number | null;
      /** Format: uuid */
      id: string;
      media_type: string;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      processed_at: string | null;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      received_at: string;
      sha256: string;
      source_name: string;
      /**
       * @description `done`: all its frames are in the ledger
       * @enum {string}
       */
      state: 'pending' | 'leased' | 'done' | 'dead';
      width: number | null;
    };
    DeepstackError: {
      /** @enum {number} */
      duration: 0;
      error: string;
      /** @enum {boolean} */
      success: false;
    };
    Delivery: {
      /**
       * Format: uuid
       * @description null for a test, and once the alert is gone
       */
      alert_id: string | null;
      attempts: number;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      delivered_at: string | null;
      error: {
        /** @enum {string} */
        kind:
          | 'invalid'
          | 'not_found'
          | 'conflict'
          | 'unauthorized'
          | 'forbidden'
          | 'overloaded'
          | 'unavailable'
          | 'cancelled'
          | 'internal';
        message: string;
      } | null;
      /** Format: uuid */
      id: string;
      /**
       * Format: date-time
       * @description null unless it is pending
       */
      next_attempt_at: string | null;
      /** @description what the other side said, in a line */
      response: string | null;
      /** @enum {string} */
      state: 'pending' | 'leased' | 'done' | 'dead';
    };
    Detection: {
      bbox: components['schemas']['BBox'];
      /** @example front_door */
      camera_id: string;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      captured_at: string;
      /**
       * Format: uuid
       * @description null for what does not count; `suppressed_by` says why
       */
      event_id: string | null;
      /** Format: uuid */
      frame_id: string;
      /** Format: uuid */
      id: string;
      label: string;
      model: string;
      score: number;
      /**
       * @description why it does not count towards an event; null when it does
       * @enum {string|null}
       */
      suppressed_by: 'ignore_zone' | 'outside_zones' | 'stationary' | null;
      /** @description the zones in which its foot point (bottom centre of the box) stood */
      zone_ids: string[];
    };
    EmailSettings: {
      /**
       * @description PEM of the authority that signed the server, where that is not a public one
       * @default null
       */
      ca?: string | null;
      /**
       * @default starttls
       * @enum {string}
       */
      encryption?: 'starttls' | 'tls' | 'none';
      /** Format: email */
      from: string;
      host: string;
      /** @default null */
      password?: string | null;
      /** @default 587 */
      port?: number;
      to: string[];
      /** @default null */
      user?: string | null;
    };
    Event: {
      /** @enum {string} */
      analyzer: 'rules' | 'llm';
      /** Format: uuid */
      best_frame_id: string;
      /** @example front_door */
      camera_id: string;
      detection_count: number;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      ended_at: string;
      frame_count: number;
      /** Format: uuid */
      id: string;
      /** @description the most of each label seen in one frame */
      labels: {
        [key: string]: number;
      };
      notes: string | null;
      reasoning: string;
      reviewed: boolean;
      /** @enum {string} */
      risk_level: 'low' | 'medium' | 'high' | 'critical';
      risk_score: number;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      started_at: string;
      /** @enum {string} */
      state: 'open' | 'closed' | 'analyzed';
      summary: string;
    };
    EventPatch: {
      notes?: string | null;
      reviewed?: boolean;
    };
    Frame: {
      attempts: number;
      bytes: number;
      /** @example front_door */
      camera_id: string;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      captured_at: string;
      /**
       * Format: uuid
       * @description the clip that it was cut from; null for a picture of its own
       */
      clip_id: string | null;
      clip_offset_ms: number | null;
      error: {
        /** @enum {string} */
        kind:
          | 'invalid'
          | 'not_found'
          | 'conflict'
          | 'unauthorized'
          | 'forbidden'
          | 'overloaded'
          | 'unavailable'
          | 'cancelled'
          | 'internal';
        message: string;
      } | null;
      height: number | null;
      /** Format: uuid */
      id: string;
      media_type: string | null;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      processed_at: string | null;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      received_at: string;
      sha256: string | null;
      source_name: string;
      /** @enum {string} */
      state: 'pending' | 'leased' | 'done' | 'dead';
      width: number | null;
    };
    /** @description A figure that a GPU does not tell is null. */
    Gpus: {
      /** @description null where there is no NVIDIA GPU, or this process does not detect */
      gpus:
        | {
            driver_version: string | null;
            index: number;
            /** @description MiB */
            memory_total_mb: number | null;
            /** @description MiB */
            memory_used_mb: number | null;
            /** @description share of the time in which memory was read or written */
            memory_utilization_percent: number | null;
            name: string;
            power_limit_w: number | null;
            power_w: number | null;
            /** Format: date-time */
            sampled_at: string;
            temperature_c: number | null;
            utilization_percent: number | null;
            uuid: string;
          }[]
        | null;
      /** @description of the last hour, oldest first */
      history: {
        /** Format: date-time */
        at: string;
        gpus: {
          /** @description MiB */
          memory_used_mb: number | null;
          /** @description share of the time in which memory was read or written */
          memory_utilization_percent: number | null;
          power_w: number | null;
          temperature_c: number | null;
          utilization_percent: number | null;
          uuid: string;
        }[];
      }[];
    };
    Health: {
      model_loaded: boolean;
      /** @enum {string} */
      status: 'healthy';
    };
    Key: {
      /** @description the only cameras it may see; null for all */
      camera_ids: string[] | null;
      /** Format: date-time */
      created_at: string;
      /** Format: date-time */
      expires_at: string | null;
      /** Format: uuid */
      id: string;
      /**
       * Format: date-time
       * @description to the minute
       */
      last_used_at: string | null;
      name: string;
      /** @description the first characters of the key */
      prefix: string;
      /** Format: date-time */
      revoked_at: string | null;
      /** @enum {string} */
      role: 'admin' | 'viewer' | 'ingest';
    };
    KeyCreate: {
      /** @description the only cameras it may see; not for `admin` */
      camera_ids?: string[] | null;
      /**
       * Format: date-time
       * @description in the future
       */
      expires_at?: string;
      name: string;
      /** @enum {string} */
      role: 'admin' | 'viewer' | 'ingest';
    };
    Login: {
      api_key: string;
    };
    MqttSettings: {
      /** @default nightjar */
      base_topic?: string;
      /**
       * @description PEM of the authority that signed the server, where that is not a public one
       * @default null
       */
      ca?: string | null;
      /** @default homeassistant */
      discovery_prefix?: string;
      /** @default null */
      password?: string | null;
      url: string;
      /** @default null */
      user?: string | null;
    };
    NewChannel: components['schemas']['Channel'] & {
      /** @description of a webhook: what it signs with. Shown only now */
      secret: string | null;
    };
    NewKey: components['schemas']['Key'] & {
      /** @description the key itself: shown this once, and kept nowhere */
      key: string;
    };
    NtfySettings: {
      /**
       * @description PEM of the authority that signed the server, where that is not a public one
       * @default null
       */
      ca?: string | null;
      /** @default null */
      password?: string | null;
      /** @default https://ntfy.sh */
      server?: string;
      /** @default null */
      token?: string | null;
      topic: string;
      /** @default null */
      user?: string | null;
    };
    Predictions: {
      /** @description milliseconds, decoding and waiting for the batch included */
      duration: number;
      /** @description strongest first, whole pixels of the upright picture */
      predictions: {
        confidence: number;
        label: string;
        x_max: number;
        x_min: number;
        y_max: number;
        y_min: number;
      }[];
      /** @enum {boolean} */
      success: true;
    };
    Problem: {
      detail: string;
      errors?: {
        message: string;
        path: string;
      }[];
      /** @enum {string} */
      kind:
        | 'invalid'
        | 'not_found'
        | 'conflict'
        | 'unauthorized'
        | 'forbidden'
        | 'overloaded'
        | 'unavailable'
        | 'cancelled'
        | 'internal';
      request_id: string;
      status: number;
      title: string;
      type: string;
    };
    Purge: {
      camera_id: string;
      /** @description at most 10000 is counted of each */
      left: {
        clips: number;
        events: number;
        frames: number;
      };
    };
    Readiness: {
      parts: {
        [key: string]: {
          detail?: string;
          ok: boolean;
        };
      };
      /** @enum {string} */
      status: 'ready' | 'not_ready';
    };
    Rule: {
      /** @description empty: all; one that is deleted stays here and matches nothing */
      camera_ids: string[];
      /** @description where its alerts go; one that is deleted stays here and gets nothing */
      channel_ids: string[];
      /** @description no further alert of this rule for the same camera within so many seconds of capture time */
      cooldown_s: number;
      /** Format: date-time */
      created_at: string;
      enabled: boolean;
      /** Format: uuid */
      id: string;
      /** @description empty: all */
      labels: string[];
      name: string;
      /** @description of the event */
      risk_min: number;
      schedule: components['schemas']['Schedule'];
      /** @description of one detection; six digits are kept */
      score_min: number;
      /** @description empty: anywhere. Zones of the kind `watch`, of these cameras, about one of these labels. One that is deleted, switched off or becomes an `ignore` zone stays here, and matches nothing (until it is switched on) */
      zone_ids: string[];
    };
    RuleCreate: {
      /**
       * @description empty: all; one that is deleted stays here and matches nothing
       * @default []
       */
      camera_ids?: string[];
      /**
       * @description where its alerts go; one that is deleted stays here and gets nothing
       * @default []
       */
      channel_ids?: string[];
      /**
       * @description no further alert of this rule for the same camera within so many seconds of capture time
       * @default 60
       */
      cooldown_s?: number;
      /** @default true */
      enabled?: boolean;
      /**
       * @description empty: all
       * @default []
       */
      labels?: string[];
      name: string;
      /**
       * @description of the event
       * @default 0
       */
      risk_min?: number;
      schedule?: components['schemas']['Schedule'];
      /**
       * @description of one detection; six digits are kept
       * @default 0
       */
      score_min?: number;
      /**
       * @description empty: anywhere. Zones of the kind `watch`, of these cameras, about one of these labels. One that is deleted, switched off or becomes an `ignore` zone stays here, and matches nothing (until it is switched on)
       * @default []
       */
      zone_ids?: string[];
    };
    RuleDraft: {
      /**
       * @description empty: all; one that is deleted stays here and matches nothing
       * @default []
       */
      camera_ids?: string[];
      /**
       * @description where its alerts go; one that is deleted stays here and gets nothing
       * @default []
       */
      channel_ids?: string[];
      /**
       * @description no further alert of this rule for the same camera within so many seconds of capture time
       * @default 60
       */
      cooldown_s?: number;
      /** @default true */
      enabled?: boolean;
      /**
       * @description empty: all
       * @default []
       */
      labels?: string[];
      /** @default Untitled */
      name?: string;
      /**
       * @description of the event
       * @default 0
       */
      risk_min?: number;
      schedule?: components['schemas']['Schedule'];
      /**
       * @description of one detection; six digits are kept
       * @default 0
       */
      score_min?: number;
      /**
       * @description empty: anywhere. Zones of the kind `watch`, of these cameras, about one of these labels. One that is deleted, switched off or becomes an `ignore` zone stays here, and matches nothing (until it is switched on)
       * @default []
       */
      zone_ids?: string[];
    };
    RuleDraftTest: {
      rule: components['schemas']['RuleDraft'];
      /**
       * Format: date-time
       * @description events that began then or later; 7 days before `until` when not given
       */
      since?: string;
      /**
       * Format: date-time
       * @description and before then; now when not given. At most 90 days in all
       */
      until?: string;
    };
    RulePatch: {
      /** @description empty: all; one that is deleted stays here and matches nothing */
      camera_ids?: string[];
      /** @description where its alerts go; one that is deleted stays here and gets nothing */
      channel_ids?: string[];
      /** @description no further alert of this rule for the same camera within so many seconds of capture time */
      cooldown_s?: number;
      enabled?: boolean;
      /** @description empty: all */
      labels?: string[];
      name?: string;
      /** @description of the event */
      risk_min?: number;
      schedule?: components['schemas']['Schedule'];
      /** @description of one detection; six digits are kept */
      score_min?: number;
      /** @description empty: anywhere. Zones of the kind `watch`, of these cameras, about one of these labels. One that is deleted, switched off or becomes an `ignore` zone stays here, and matches nothing (until it is switched on) */
      zone_ids?: string[];
    };
    RuleTest: {
      /**
       * Format: date-time
       * @description events that began then or later; 7 days before `until` when not given
       */
      since?: string;
      /**
       * Format: date-time
       * @description and before then; now when not given. At most 90 days in all
       */
      until?: string;
    };
    RuleTrial: {
      events_examined: number;
      /** Format: date-time */
      since: string;
      /**
       * Format: date-time
       * @description the start of the last event that was examined, where there were more than 10,000, or than 10 s are enough for; null when all were
       */
      stopped_at: string | null;
      suppressed_by_cooldown: number;
      /** @description events that match, those within the cool-down included */
      total: number;
      /** @description whether `would_alert` leaves some of them out */
      truncated: boolean;
      /** Format: date-time */
      until: string;
      /** @description the first 200, oldest first */
      would_alert: {
        /** @example front_door */
        camera_id: string;
        /**
         * Format: date-time
         * @description ISO 8601, UTC, milliseconds
         */
        captured_at: string;
        /** Format: uuid */
        event_id: string;
        /**
         * Format: uuid
         * @description the frame that shows it
         */
        frame_id: string;
        /** @description of the strongest detection that matched */
        label: string;
        risk_score: number;
        score: number;
        suppressed_by_cooldown: boolean;
        zone_ids: string[];
      }[];
    };
    /** @description null: at all times */
    Schedule: {
      time_zone: string;
      windows: {
        /** @description the days on which it begins */
        days: ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun')[];
        /**
         * @description included
         * @example 22:00
         */
        from: string;
        /**
         * @description not included; when it is not after `from`, it is that of the next day
         * @example 22:00
         */
        until: string;
      }[];
    } | null;
    Seen: {
      detections: {
        bbox: components['schemas']['BBox'];
        class: string;
        confidence: number;
      }[];
      image_height: number;
      /** @description of the upright picture, as a viewer sees it */
      image_width: number;
      /** @description decoding and waiting for the batch included */
      inference_time_ms: number;
    };
    SeenBatch: {
      num_images: number;
      /** @description in the order of the files; one that cannot be examined has `error` and no detections */
      results: (
        | (components['schemas']['Seen'] & {
            /** @description as it was sent */
            filename: string;
            index: number;
          })
        | {
            error: {
              /** @enum {string} */
              kind:
                | 'invalid'
                | 'not_found'
                | 'conflict'
                | 'unauthorized'
                | 'forbidden'
                | 'overloaded'
                | 'unavailable'
                | 'cancelled'
                | 'internal';
              message: string;
            };
            /** @description as it was sent */
            filename: string;
            index: number;
          }
      )[];
      total_inference_time_ms: number;
    };
    Session: {
      /** @description the only cameras it may see; null for all */
      camera_ids: string[] | null;
      /**
       * Format: date-time
       * @description null for a key that never does
       */
      expires_at: string | null;
      /** @description of the key */
      name: string;
      /** @enum {string} */
      role: 'admin' | 'viewer' | 'ingest';
    };
    Settings: {
      settings: {
        [key: string]:
          | {
              /** @enum {string} */
              source: 'default' | 'environment' | '.env' | 'file' | 'command';
              value?: unknown;
            }
          | {
              set: boolean;
              /** @enum {string} */
              source: 'default' | 'environment' | '.env' | 'file' | 'command';
            };
      };
    };
    StatsPipeline: {
      queue: {
        clips: {
          dead: number;
          leased: number;
          pending: number;
        };
        dead: number;
        leased: number;
        oldest_pending_s: number | null;
        pending: number;
      };
      stages: {
        [key: string]: {
          count: number;
          p50_ms: number | null;
          p95_ms: number | null;
          p99_ms: number | null;
        };
      };
    };
    StatsSummary: {
      cameras: {
        offline: number;
        online: number;
        total: number;
        unknown: number;
      };
      clips: {
        by_state: {
          dead?: number;
          done?: number;
          leased?: number;
          pending?: number;
        };
        total: number;
      };
      detections: {
        by_label: {
          [key: string]: {
            today: number;
            total: number;
          };
        };
        /** @description stored, but counted nowhere else: see `suppressed_by` of a detection */
        suppressed: number;
        today: number;
        total: number;
      };
      events: {
        by_risk_level: {
          critical?: number;
          high?: number;
          low?: number;
          medium?: number;
        };
        by_state: {
          analyzed?: number;
          closed?: number;
          open?: number;
        };
        today: number;
        total: number;
        unreviewed: number;
      };
      frames: {
        by_state: {
          dead?: number;
          done?: number;
          leased?: number;
          pending?: number;
        };
        total: number;
      };
    };
    StatsTimeline: {
      /** @enum {string} */
      bucket: 'hour' | 'day';
      items: {
        alerts: number;
        /** @description detections */
        by_label: {
          [key: string]: number;
        };
        /** @description events */
        by_risk_level: {
          critical?: number;
          high?: number;
          low?: number;
          medium?: number;
        };
        detections: number;
        events: number;
        frames: number;
        /** Format: date-time */
        start: string;
      }[];
      time_zone: string;
    };
    System: {
      analyst: {
        /** @enum {string} */
        analyzer: 'rules' | 'llm';
        /** @description null for a key that is limited to some cameras: the others have a part in it */
        queue: number | null;
        reason: string | null;
        /** @enum {string} */
        state: 'ready' | 'unavailable';
      } | null;
      clips: {
        reason: string | null;
        /** @enum {string} */
        state: 'ready' | 'unavailable';
      } | null;
      database: {
        ok: boolean;
        reason: string | null;
        /** Format: date-time */
        since: string;
        version: string | null;
      };
      detectors: {
        backends: {
          name: string;
          reason: string | null;
          /** @enum {string} */
          state: 'in_use' | 'standby' | 'unavailable';
        }[];
        model: string;
        name: string;
        provider: string;
        reason: string | null;
        /** @enum {string} */
        state: 'ready' | 'unavailable';
      }[];
      ingest: {
        outage: boolean;
        /** @description null for a key that is limited to some cameras: the others have a part in it */
        waiting: number | null;
      } | null;
      media: {
        free_bytes: number | null;
        ok: boolean;
        reason: string | null;
        /** Format: date-time */
        since: string;
      };
      redis: {
        ok: boolean;
        reason: string | null;
        /** Format: date-time */
        since: string;
      } | null;
      roles: string[];
      /** Format: date-time */
      started_at: string;
      uptime_s: number;
      versions: {
        [key: string]: string;
      };
    };
    WebhookSettings: {
      /**
       * @description PEM of the authority that signed the server, where that is not a public one
       * @default null
       */
      ca?: string | null;
      url: string;
    };
    /** @description A part of a camera’s picture. Where a thing stands is judged by the foot point of its box: the middle of its lower edge. */
    Zone: {
      /** @example front_door */
      camera_id: string;
      /**
       * Format: date-time
       * @description ISO 8601, UTC, milliseconds
       */
      created_at: string;
      enabled: boolean;
      /** Format: uuid */
      id: string;
      /**
       * @description `ignore`: what stands in it does not count. `watch`: as soon as a camera has enabled watch zones about a label, things of that label count only in one of them; labels that none is about count everywhere. What stands in both kinds does not count.
       * @enum {string}
       */
      kind: 'watch' | 'ignore';
      /** @description the labels that it is about; none means all */
      labels: string[];
      name: string;
      /**
       * @description Corners [x, y] in shares of the picture, 0..1, origin top left, in order around a polygon whose sides do not cross. It closes by itself; its border belongs to it.
       * @example [
       *       [
       *         0,
       *         0.5
       *       ],
       *       [
       *         1,
       *         0.5
       *       ],
       *       [
       *         1,
       *         1
       *       ],
       *       [
       *         0,
       *         1
       *       ]
       *     ]
       */
      polygon: [number, number][];
    };
    ZoneCreate: {
      /** @default true */
      enabled?: boolean;
      /**
       * @description `ignore`: what stands in it does not count. `watch`: as soon as a camera has enabled watch zones about a label, things of that label count only in one of them; labels that none is about count everywhere. What stands in both kinds does not count.
       * @enum {string}
       */
      kind: 'watch' | 'ignore';
      /**
       * @description the labels that it is about; none means all
       * @default []
       */
      labels?: string[];
      name: string;
      /**
       * @description Corners [x, y] in shares of the picture, 0..1, origin top left, in order around a polygon whose sides do not cross. It closes by itself; its border belongs to it.
       * @example [
       *       [
       *         0,
       *         0.5
       *       ],
       *       [
       *         1,
       *         0.5
       *       ],
       *       [
       *         1,
       *         1
       *       ],
       *       [
       *         0,
       *         1
       *       ]
       *     ]
       */
      polygon: [number, number][];
    };
    ZonePatch: {
      enabled?: boolean;
      /**
       * @description `ignore`: what stands in it does not count. `watch`: as soon as a camera has enabled watch zones about a label, things of that label count only in one of them; labels that none is about count everywhere. What stands in both kinds does not count.
       * @enum {string}
       */
      kind?: 'watch' | 'ignore';
      /** @description the labels that it is about; none means all */
      labels?: string[];
      name?: string;
      /**
       * @description Corners [x, y] in shares of the picture, 0..1, origin top left, in order around a polygon whose sides do not cross. It closes by itself; its border belongs to it.
       * @example [
       *       [
       *         0,
       *         0.5
       *       ],
       *       [
       *         1,
       *         0.5
       *       ],
       *       [
       *         1,
       *         1
       *       ],
       *       [
       *         0,
       *         1
       *       ]
       *     ]
       */
      polygon?: [number, number][];
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  getAlerts: {
    parameters: {
      query?: {
        acknowledged?: boolean;
        camera_id?: string;
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        event_id?: string;
        limit?: number;
        risk_level?: 'low' | 'medium' | 'high' | 'critical';
        rule_id?: string;
        /** @description this moment or later */
        since?: string;
        /** @description before this moment */
        until?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description alerts, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Alert'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getAlertsById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the alert */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Alert'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  patchAlertsById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['AlertPatch'];
      };
    };
    responses: {
      /** @description the alert as it is now */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Alert'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getAudit: {
    parameters: {
      query?: {
        action?: string;
        actor_id?: string;
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
        /** @description this moment or later */
        since?: string;
        target_id?: string;
        /** @description before this moment */
        until?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description changes, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Change'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getCameras: {
    parameters: {
      query?: {
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description cameras, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Camera'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postCameras: {
    parameters: {
      query?: never;
      header?: {
        /** @description the same request under the same key has the first answer again, for 24 h */
        'idempotency-key'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CameraCreate'];
      };
    };
    responses: {
      /** @description the camera */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Camera'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description something else has this name already */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the Idempotency-Key was used for another request */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getCamerasById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the camera */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Camera'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  deleteCamerasById: {
    parameters: {
      query?: {
        purge?: boolean;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description it is being purged; 404 once nothing is left */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Purge'];
        };
      };
      /** @description deleted */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  patchCamerasById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['CameraPatch'];
      };
    };
    responses: {
      /** @description the camera */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Camera'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description something else has this name already */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getCamerasByIdSnapshot: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the newest examined frame, as JPEG */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'image/*': string;
        };
      };
      /** @description the part that `Range` asked for; of one that came as JPEG only */
      206: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'image/*': string;
        };
      };
      /** @description the client has this version */
      304: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the range is outside of the picture */
      416: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getCamerasByIdZones: {
    parameters: {
      query?: {
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description its zones, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Zone'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postCamerasByIdZones: {
    parameters: {
      query?: never;
      header?: {
        /** @description the same request under the same key has the first answer again, for 24 h */
        'idempotency-key'?: string;
      };
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ZoneCreate'];
      };
    };
    responses: {
      /** @description the zone */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Zone'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description something else has this name already */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the Idempotency-Key was used for another request */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getCamerasByIdZonesByZoneId: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        zone_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the zone */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Zone'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  deleteCamerasByIdZonesByZoneId: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        zone_id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description deleted */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  patchCamerasByIdZonesByZoneId: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
        zone_id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ZonePatch'];
      };
    };
    responses: {
      /** @description the zone */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Zone'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getChannels: {
    parameters: {
      query?: {
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description channels, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Channel'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postChannels: {
    parameters: {
      query?: never;
      header?: {
        /** @description the same request under the same key has the first answer again, for 24 h */
        'idempotency-key'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ChannelCreate'];
      };
    };
    responses: {
      /** @description the channel, with its secret where it is a webhook */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['NewChannel'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there are 100 channels already, or one of MQTT with this base topic at this broker */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the Idempotency-Key was used for another request */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getChannelsById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the channel */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Channel'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  deleteChannelsById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description deleted */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  patchChannelsById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['ChannelPatch'];
      };
    };
    responses: {
      /** @description the channel */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Channel'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description another channel of MQTT has this base topic at this broker */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getChannelsByIdDeliveries: {
    parameters: {
      query?: {
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
        state?: 'pending' | 'leased' | 'done' | 'dead';
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description deliveries, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Delivery'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postChannelsByIdDeliveriesByDeliveryIdRetry: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        delivery_id: string;
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the delivery, pending again */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Delivery'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description it is not dead */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postChannelsByIdRotateSecret: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the channel, with its new secret */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['NewChannel'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description it is no webhook, or 5 secrets of before still sign */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postChannelsByIdTest: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description what became of it, failures included */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ChannelTest'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getClips: {
    parameters: {
      query?: {
        camera_id?: string;
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
        /** @description this moment or later */
        since?: string;
        state?: 'pending' | 'leased' | 'done' | 'dead';
        /** @description before this moment */
        until?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description clips, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Clip'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getClipsById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the clip */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Clip'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getClipsByIdFrames: {
    parameters: {
      query?: {
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description its frames, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Frame'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postClipsByIdRequeue: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the clip, pending again */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Clip'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description it is not dead, or its bytes are lost */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getClipsByIdVideo: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the film */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'video/*': string;
        };
      };
      /** @description the part that `Range` asked for */
      206: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'video/*': string;
        };
      };
      /** @description the client has this version */
      304: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the range is outside of the film */
      416: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postClipsRequeue: {
    parameters: {
      query: {
        camera_id?: string;
        kind?:
          | 'invalid'
          | 'not_found'
          | 'conflict'
          | 'unauthorized'
          | 'forbidden'
          | 'overloaded'
          | 'unavailable'
          | 'cancelled'
          | 'internal';
        /** @description this moment or later */
        since?: string;
        state: 'dead';
        /** @description before this moment */
        until?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description how many are pending again */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            requeued: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getDetections: {
    parameters: {
      query?: {
        camera_id?: string;
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        event_id?: string;
        label?: string;
        limit?: number;
        score_min?: number;
        /** @description this moment or later */
        since?: string;
        /** @description those that count towards no event (`suppressed_by` says why), or those that do */
        suppressed?: boolean;
        /** @description before this moment */
        until?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description detections, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Detection'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getDetectionsById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the detection */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Detection'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getEvents: {
    parameters: {
      query?: {
        camera_id?: string;
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        label?: string;
        limit?: number;
        /** @description words of summary, notes, labels and camera, in any order; all must be there, the last may be the beginning of a word */
        q?: string;
        reviewed?: boolean;
        risk_level?: 'low' | 'medium' | 'high' | 'critical';
        /** @description this moment or later */
        since?: string;
        state?: 'open' | 'closed' | 'analyzed';
        /** @description before this moment */
        until?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description events, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Event'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getEventsById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the event */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Event'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  patchEventsById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['EventPatch'];
      };
    };
    responses: {
      /** @description the event as it is now */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Event'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getEventsByIdAnalyses: {
    parameters: {
      query?: {
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description its analyses, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Analysis'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postEventsByIdAnalyze: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the event as it is until then */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Event'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the event is still open */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getEventsByIdDetections: {
    parameters: {
      query?: {
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description its detections, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Detection'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getEventsByIdFrames: {
    parameters: {
      query?: {
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description its frames, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Frame'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getEventsExport: {
    parameters: {
      query?: {
        camera_id?: string;
        format?: 'csv' | 'ndjson';
        label?: string;
        /** @description words of summary, notes, labels and camera, in any order; all must be there, the last may be the beginning of a word */
        q?: string;
        reviewed?: boolean;
        risk_level?: 'low' | 'medium' | 'high' | 'critical';
        /** @description this moment or later */
        since?: string;
        state?: 'open' | 'closed' | 'analyzed';
        /** @description before this moment */
        until?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description a line for each event; in CSV one with the names before */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/x-ndjson': string;
          'text/csv': string;
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getFrames: {
    parameters: {
      query?: {
        camera_id?: string;
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
        /** @description this moment or later */
        since?: string;
        state?: 'pending' | 'leased' | 'done' | 'dead';
        /** @description before this moment */
        until?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description frames, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Frame'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postFrames: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'multipart/form-data': {
          /** @example front_door */
          camera_id: string;
          /**
           * Format: date-time
           * @description else by the name, by EXIF, or now
           */
          captured_at?: string;
          /** Format: binary */
          file: string;
        };
      };
    };
    responses: {
      /** @description the frame: stored, and waiting to be examined */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Frame'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the form did not come in time */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description too large, or too many files */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description not a form with files */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description database or media store are away, or too many pictures are being received; `Retry-After` says when to come again */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getFramesById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the frame */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Frame'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getFramesByIdImage: {
    parameters: {
      query?: {
        annotated?: boolean;
        width?: number;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the picture */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'image/*': string;
        };
      };
      /** @description the part that `Range` asked for; of originals only */
      206: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'image/*': string;
        };
      };
      /** @description the client has this version */
      304: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the range is outside of the picture */
      416: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postFramesByIdRequeue: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the frame, pending again */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Frame'];
        };
      };
      /** @description the frame as it was: it could not be read, and is forgotten; its file, left in the inbox, is looked at anew and will be another frame */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Frame'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description it is no dead letter, or there is nothing left to examine */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postFramesRequeue: {
    parameters: {
      query: {
        camera_id?: string;
        kind?:
          | 'invalid'
          | 'not_found'
          | 'conflict'
          | 'unauthorized'
          | 'forbidden'
          | 'overloaded'
          | 'unavailable'
          | 'cancelled'
          | 'internal';
        /** @description this moment or later */
        since?: string;
        state: 'dead';
        /** @description before this moment */
        until?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description how many are pending again */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            requeued: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getKeys: {
    parameters: {
      query?: {
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description keys, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Key'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postKeys: {
    parameters: {
      query?: never;
      header?: {
        /** @description the same request under the same key has the first answer again, for 24 h */
        'idempotency-key'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['KeyCreate'];
      };
    };
    responses: {
      /** @description the key, shown this once */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['NewKey'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there are too many keys */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the Idempotency-Key was used for another request */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getKeysById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the key, but for what opens the door */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Key'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  deleteKeysById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description revoked */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getOpenapiJson: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description OpenAPI 3.1 */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': unknown;
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getRules: {
    parameters: {
      query?: {
        /** @description whether to give `total` */
        count?: boolean;
        /** @description `next_cursor` of the page before */
        cursor?: string;
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description rules, newest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': {
            items: components['schemas']['Rule'][];
            /** @description Follow it until it is null. A page may have fewer items than `limit`, even none, and still a next: what is rare is looked for a while, then the page ends. */
            next_cursor: string | null;
            /** @description how many in all pages; only with `count=true`, which may take a while */
            total?: number;
          };
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postRules: {
    parameters: {
      query?: never;
      header?: {
        /** @description the same request under the same key has the first answer again, for 24 h */
        'idempotency-key'?: string;
      };
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RuleCreate'];
      };
    };
    responses: {
      /** @description the rule */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Rule'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there are as many rules as there may be */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the Idempotency-Key was used for another request */
      422: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getRulesById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the rule */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Rule'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  deleteRulesById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description deleted */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  patchRulesById: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RulePatch'];
      };
    };
    responses: {
      /** @description the rule */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Rule'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postRulesByIdTest: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: {
      content: {
        'application/json': components['schemas']['RuleTest'];
      };
    };
    responses: {
      /** @description what it would have told of */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['RuleTrial'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description there is no such thing */
      404: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description two are being tried already */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postRulesTest: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['RuleDraftTest'];
      };
    };
    responses: {
      /** @description what it would have told of */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['RuleTrial'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description two are being tried already */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getSession: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description who it is, and what may be seen */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Session'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postSession: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['Login'];
      };
    };
    responses: {
      /** @description logged in: the session cookie is set */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Session'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description too many wrong keys from this address, or too many logins; `Retry-After` says when to come again */
      429: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  deleteSession: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the session is over, and its cookie removed */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getStatsPipeline: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description queue depths, and latencies of the latest runs of each stage (none for a key that is limited to some cameras) */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['StatsPipeline'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getStatsSummary: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description counts */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['StatsSummary'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getStatsTimeline: {
    parameters: {
      query?: {
        bucket?: 'hour' | 'day';
        camera_id?: string;
        /** @description this moment or later */
        since?: string;
        /** @description before this moment */
        until?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description counts, oldest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['StatsTimeline'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getSystem: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description what runs here */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['System'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getSystemConfig: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description every name, its value and where that comes from */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Settings'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getSystemGpu: {
    parameters: {
      query?: {
        /** @description this moment or later */
        since?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description GPUs of the machine that detects */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Gpus'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postDetect: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'multipart/form-data': {
          /** Format: binary */
          file: string;
        };
      };
    };
    responses: {
      /** @description what is in the picture, strongest first */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Seen'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the form did not come in time */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description too large, or too many files */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description not a form with files */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no detector is ready, or too many guests; `Retry-After` says when to come again */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postDetectBatch: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'multipart/form-data': {
          files: string[];
        };
      };
    };
    responses: {
      /** @description a result for each picture */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SeenBatch'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the form did not come in time */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description too large, or too many files */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description not a form with files */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description no detector is ready, or too many guests; `Retry-After` says when to come again */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getHealth: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description the process lives */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Health'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getMetrics: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description figures of this process */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'text/plain': string;
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description the key may not do this */
      403: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getReady: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description all parts work */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Readiness'];
        };
      };
      /** @description some part does not */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Readiness'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postV1VisionDetection: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'multipart/form-data': {
          /** @description for clients that cannot set headers */
          api_key?: string;
          /** Format: binary */
          image: string;
          /** @description 0 to 1; below the configured smallest score it changes nothing */
          min_confidence?: string;
        };
      };
    };
    responses: {
      /** @description what is in the picture */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Predictions'];
        };
      };
      /** @description the input is wrong; `errors` lists every fault */
      400: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeepstackError'];
        };
      };
      /** @description no valid API key or session */
      401: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeepstackError'];
        };
      };
      /** @description the form did not come in time */
      408: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeepstackError'];
        };
      };
      /** @description too large, or too many files */
      413: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeepstackError'];
        };
      };
      /** @description not a form with files */
      415: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeepstackError'];
        };
      };
      /** @description no detector is ready, or too many guests; `Retry-After` says when to come again */
      503: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeepstackError'];
        };
      };
      /** @description what went wrong, for people and programs */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
}
