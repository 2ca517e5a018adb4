namespace PipelineService.Core.Jobs;

/// <summary>
/// What a source has taken an upload from. It is written down in the transaction that registers the upload, under a key that there is once,
/// so that whatever is taken twice is registered once.
/// </summary>
/// <param name="Source">The id of the source.</param>
/// <param name="Object">The name of a file, the key of an object, or the numbers of the first and the last of messages.</param>
/// <param name="Version">Which state of it: another one is another upload. Of messages: what their log is known by.</param>
/// <param name="After">Of messages: the position that the upload goes on from.</param>
/// <param name="Until">Of messages: the position of the last that is in it.</param>
public sealed record TakenFrom(Guid Source, string Object, string Version, long? After = null, long? Until = null);
