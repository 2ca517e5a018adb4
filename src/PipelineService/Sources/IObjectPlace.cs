namespace PipelineService.Sources;

/// <summary>An object that was found where a source looks.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Version">Which state of it: what is taken under one is not taken under it again.</param>
/// <param name="IsNameable">Whether its name can be told, and so found again.</param>
internal readonly record struct FoundObject(string Name, string Version, long Bytes, DateTimeOffset ModifiedAt, bool IsNameable = true);

/// <summary>An object that was taken, or refused for good, and lies where it was as far as is known.</summary>
/// <param name="Number">Its place among all that were.</param>
internal sealed record TakenObject(long Number, string Name, string Version, bool IsRefused);

/// <summary>
/// Where objects lie that become uploads: a folder, or a part of a bucket. It knows nothing of what was taken, and no database.
/// </summary>
internal interface IObjectPlace : IDisposable
{
    /// <summary>How long an object must have been the same before it is taken.</summary>
    TimeSpan Settle { get; }

    /// <summary>How long nobody looks when nothing was new.</summary>
    TimeSpan Interval { get; }

    /// <summary>All that lie there, in no order; what others are writing under a temporary name is not among them.</summary>
    /// <exception cref="SourceFaultException">They cannot be told now.</exception>
    IAsyncEnumerable<FoundObject> ListAsync(CancellationToken cancellationToken);

    /// <summary>The bytes of an object in this state.</summary>
    /// <returns>Null when it is gone, or has become another.</returns>
    /// <exception cref="SourceFaultException">It cannot be read now.</exception>
    ValueTask<ObjectStream?> OpenAsync(FoundObject found, CancellationToken cancellationToken);

    /// <summary>
    /// Puts what was taken away, as the source says, unless it is gone or has become another. Repeating it changes nothing, also when it
    /// was begun and not ended.
    /// </summary>
    /// <exception cref="SourceFaultException">That cannot be done now.</exception>
    ValueTask PutAwayAsync(TakenObject taken, CancellationToken cancellationToken);
}

/// <summary>The place of a source cannot be looked at, or not all of it: what waits there waits.</summary>
internal sealed class SourceFaultException(string message, Exception? cause = null) : Exception(message, cause);
