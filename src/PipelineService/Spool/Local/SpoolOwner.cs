namespace PipelineService.Spool.Local;

/// <summary>
/// The database that a spool belongs to, as the spool's file <c>spool.database</c> says: its identity in the first
/// line, and in the second where it was at the last start.
/// </summary>
internal sealed record SpoolOwner(Guid Identity, string Address)
{
    public const string FileName = "spool.database";

    public static string PathIn(string directory) => Path.Combine(directory, FileName);

    /// <summary>
    /// The owner of a spool; null when it has none yet. A file that cannot be understood names no database there is.
    /// </summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SpoolOwner? Find(string directory)
    {
        string path = PathIn(directory);
        if (!File.Exists(path))
        {
            return null;
        }

        string[] lines = File.ReadAllLines(path);
        return lines is [string identity, ..] && Guid.TryParse(identity, out Guid id)
            ? new SpoolOwner(id, lines.ElementAtOrDefault(1) ?? "")
            : new SpoolOwner(Guid.Empty, $"that {FileName} does not name");
    }

    /// <summary>Makes it the owner of a spool, unless another is. The caller flushes the directory.</summary>
    /// <returns>The owner from now on.</returns>
    public SpoolOwner TakeOrFind(string directory)
    {
        string path = PathIn(directory), text = $"{Identity}\n{Address}\n";
        SpoolOwner owner = Find(directory) ?? (WholeFile.TryCreate(path, text) ? this : Find(directory) ?? this);
        if (owner.Identity == Identity && owner.Address != Address)
        {
            WholeFile.Replace(path, text); // the database has moved
        }

        WholeFile.ClearLeftovers(path);
        return owner;
    }

    public override string ToString() => $"the database {Address} (identity {Identity})";
}
