using PipelineService.Hosting;
using PipelineService.Hosting.Startup;

namespace PipelineService.Spool.Local;

/// <summary>
/// Which directory a spool is, and whose: its name (<c>spool.id</c>) and its database (<c>spool.database</c>), and whether
/// both are what they were when it was opened.
/// </summary>
/// <param name="root">The directory's full path.</param>
internal sealed class SpoolIdentity(string root)
{
    private SpoolOwner? _owner;

    public string Root { get; } = root;

    public Guid Id { get; private set; }

    /// <summary>Makes the directory when missing, and reads its name. Nothing else there is touched.</summary>
    /// <exception cref="StartupException">It cannot be used, or its name is lost; the message says what to do.</exception>
    public void Identify() => AtStart(() =>
    {
        DirectorySync.Create(Root);
        Id = SpoolIdFile.ReadOrCreate(Root);
        DirectorySync.Flush(Root); // a power cut must leave the name
        return Id;
    });

    /// <summary>The database that it belongs to, as far as it knows; null when it has belonged to none.</summary>
    /// <inheritdoc cref="Identify" path="/exception"/>
    public SpoolOwner? FindOwner() => AtStart(() => SpoolOwner.Find(Root));

    /// <summary>
    /// Makes a database its owner, unless another is. From here on it is only there while it says so.
    /// </summary>
    /// <returns>The owner.</returns>
    /// <inheritdoc cref="Identify" path="/exception"/>
    public SpoolOwner BelongTo(SpoolOwner owner) => AtStart(() =>
    {
        SpoolOwner found = owner.TakeOrFind(Root);
        DirectorySync.Flush(Root);
        return _owner = found;
    });

    /// <summary>
    /// Whether the directory is the one that was opened at the start, and belongs to the same database. A disk that
    /// went away leaves an empty folder in its place: what is written there would be hidden by the disk's return, and
    /// what is missing there is not lost.
    /// </summary>
    public bool IsThere()
    {
        try
        {
            return WasThere = SpoolIdFile.Read(Root) == Id
                && (_owner is null || SpoolOwner.Find(Root)?.Identity == _owner.Identity);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            return WasThere = false;
        }
    }

    /// <summary>What the last look said: <see cref="IsThere"/> without touching the disk.</summary>
    public bool WasThere { get; private set; } = true;

    /// <exception cref="SpoolUnavailableException">It is not the one that was opened at the start.</exception>
    public void ThrowUnlessThere()
    {
        if (!IsThere())
        {
            throw new SpoolUnavailableException(
                $"{Root} is not the spool that was opened at the start: its files {SpoolIdFile.Name} and "
                + $"{SpoolOwner.FileName} are missing there or say something else.");
        }
    }

    /// <summary>What goes wrong with the directory at the start is the operator's to mend.</summary>
    public T AtStart<T>(Func<T> step)
    {
        try
        {
            return step();
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            throw new StartupException(
                $"Spool:Directory is {Root}, and {Environment.UserName} cannot use it: {e.Message} Let that user "
                + "create, write and delete files there, or set Spool:Directory to a folder on a local disk with free space.",
                e);
        }
    }
}
