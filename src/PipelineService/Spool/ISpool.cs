namespace PipelineService.Spool;

/// <summary>
/// Stage 3: where the bytes of uploads lie from their first to the moment when nothing needs them any more. What it holds of an
/// upload is durable once its manifest is there, and until then nobody's.
/// </summary>
/// <remarks>
/// Writing and reading are the same whatever keeps the bytes: <see cref="SpoolWriter"/> and <see cref="SpoolReader"/> stand on
/// <see cref="IUploadBytes"/>. A spool adds which uploads there are. The local disk is the first
/// (<see cref="Local.LocalSpool"/>); the tests have one in memory that keeps the same promises, so that the seam holds no more
/// of a disk than it says.
/// </remarks>
public interface ISpool
{
    /// <summary>Its name in job rows.</summary>
    Guid Id { get; }

    /// <summary>Where it is, for an operator.</summary>
    string Place { get; }

    /// <summary>
    /// Whether it is the one that was opened at the start. While it is away nothing that is missing in it is lost, and nothing
    /// may be written to what stands in its place.
    /// </summary>
    bool IsThere();

    /// <summary>What the last look said: <see cref="IsThere"/> without looking.</summary>
    bool WasThere { get; }

    /// <exception cref="SpoolUnavailableException">It is not the one that was opened at the start.</exception>
    void ThrowUnlessThere();

    /// <summary>Whether an upload of so many bytes can be taken.</summary>
    /// <exception cref="IOException">It cannot be told now.</exception>
    bool HasRoomFor(long bytes);

    /// <summary>A new upload to be written.</summary>
    /// <exception cref="SpoolUnavailableException">The spool is not there.</exception>
    /// <exception cref="IOException">It cannot be begun; there may be no room for it.</exception>
    SpoolWriter Create(Guid upload);

    /// <summary>A sealed upload to be read, kept or not.</summary>
    /// <exception cref="SpoolDamagedException">It is missing or not what was received.</exception>
    /// <exception cref="SpoolNewerException">It was written by a newer version.</exception>
    /// <exception cref="SpoolUnavailableException">It cannot be read now, or the spool is not there.</exception>
    ValueTask<SpoolReader> OpenAsync(Guid upload, CancellationToken cancellationToken);

    /// <summary>The manifest of a sealed upload that is not kept, or null when the spool does not hold such a one.</summary>
    /// <exception cref="SpoolDamagedException">It is there but not what was written.</exception>
    /// <exception cref="SpoolNewerException">It was written by a newer version.</exception>
    /// <exception cref="SpoolUnavailableException">It cannot be read now, or the spool is not there.</exception>
    ValueTask<SpoolManifest?> FindAsync(Guid upload, CancellationToken cancellationToken);

    /// <summary>
    /// The manifest of the sealed upload for a dataset under an idempotency key, as far as it is known without the database.
    /// </summary>
    ValueTask<SpoolManifest?> FindByKeyAsync(string dataset, string key, CancellationToken cancellationToken);

    /// <summary>All sealed uploads that are not kept, in the order in which they came (UUIDv7 sorts by time).</summary>
    IAsyncEnumerable<Guid> ListAsync(CancellationToken cancellationToken);

    /// <summary>Whether anything of an upload is here, set aside or not.</summary>
    /// <exception cref="SpoolUnavailableException">It cannot be told now, or the spool is not there.</exception>
    ValueTask<bool> HoldsAsync(Guid upload, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a sealed upload among those that are kept after their jobs: it can be opened like another, and is no longer listed
    /// or found. Repeating it changes nothing.
    /// </summary>
    /// <exception cref="IOException">It cannot be put there; it stays where it is.</exception>
    /// <exception cref="SpoolUnavailableException">The spool is not there.</exception>
    ValueTask KeepAsync(Guid upload);

    /// <summary>Removes an upload, kept or not. Removing one that is not there changes nothing.</summary>
    /// <exception cref="IOException">The spool does not let go of it.</exception>
    ValueTask DeleteAsync(Guid upload);

    /// <summary>
    /// Keeps a damaged upload out of the way, for an operator to look at: it may be all there is of what was answered 202.
    /// Repeating it changes nothing.
    /// </summary>
    /// <param name="now">From when on its retention counts.</param>
    /// <exception cref="IOException">It cannot be set aside.</exception>
    /// <exception cref="SpoolUnavailableException">The spool is not there.</exception>
    ValueTask SetAsideAsync(Guid upload, DateTimeOffset now);
}
