using System.IO.Enumeration;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Sources.Folders;

/// <summary>
/// The files of a folder, for one look. Links, folders, pipes and what has a temporary name are none. A file is one state of it: its name,
/// size and time of change.
/// </summary>
internal sealed class FolderPlace : IObjectPlace
{
    /// <summary>How names begin and end of files that are being written, in the way of most programs that copy or fetch some.</summary>
    public static readonly string[] TemporaryBeginnings = [".", "~"];

    /// <inheritdoc cref="TemporaryBeginnings"/>
    public static readonly string[] TemporaryEndings = [".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~"];

    /// <summary>In front of the number of what is being put away.</summary>
    private const string AsideName = ".pipeline-";

    /// <summary>What a name is decoded to that is no UTF-8: the file cannot be opened by it.</summary>
    private const char Replacement = '\uFFFD';

    private const int BufferBytes = 1 << 16;

    /// <summary>All of one folder, and nothing of those in it.</summary>
    private static readonly EnumerationOptions Listing = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly FolderSettings _settings;
    private readonly HeldFolder _folder;

    private FolderPlace(FolderSettings settings, HeldFolder folder) => (_settings, _folder) = (settings, folder);

    public TimeSpan Settle => _settings.Settle;

    public TimeSpan Interval => _settings.Interval;

    /// <param name="root">The folder that the configuration has under the name.</param>
    /// <param name="spool">What the service keeps itself, and nobody is to have it load.</param>
    /// <exception cref="SourceFaultException">It is not there, or not in the root.</exception>
    public static FolderPlace Open(string root, FolderSettings settings, string spool) =>
        Doing($"The folder \"{settings.Place}\" cannot be opened", () => OpenHeld(root, settings, spool));

    public async IAsyncEnumerable<FoundObject> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        FileSystemEnumerable<FoundObject> files = Doing("The folder cannot be listed", () => new FileSystemEnumerable<FoundObject>(
            _folder.NameOf(""), (ref FileSystemEntry entry) => Of(ref entry), Listing)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => IsFile(ref entry),
        });
        using IEnumerator<FoundObject> each = files.GetEnumerator();
        while (Doing("The folder cannot be listed", each.MoveNext))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return each.Current;
        }
    }

    public ValueTask<ObjectStream?> OpenAsync(FoundObject found, CancellationToken cancellationToken) => ValueTask.FromResult(Doing(
        $"\"{found.Name}\" cannot be opened",
        () =>
        {
            SafeFileHandle? file = FileStatus.TryOpen(_folder.NameOf(found.Name));
            if (file is not null && FileStatus.VersionOf(file) == found.Version && _folder.Has(file, found.Name))
            {
                FileStream content = new(file, FileAccess.Read, BufferBytes);
                return new ObjectStream(content, found.Bytes, () => FileStatus.VersionOf(file) == found.Version);
            }

            file?.Dispose();
            return null;
        }));

    /// <summary>
    /// 1. Out of the way, under a name that the next to try knows; 2. whether it is what was taken: somebody may have put another there in
    /// between; 3. to where it belongs.
    /// </summary>
    public ValueTask PutAwayAsync(TakenObject taken, CancellationToken cancellationToken)
    {
        Doing($"\"{taken.Name}\" cannot be put away", () =>
        {
            string path = _folder.NameOf(taken.Name);
            string aside = _folder.NameOf(FormattableString.Invariant($"{AsideName}{taken.Number}"));
            if (!File.Exists(aside))
            {
                if (FileStatus.VersionOf(path) != taken.Version)
                {
                    return true; // gone, or another by now, which is looked at as such
                }

                if (!TryMoveAside(path, aside))
                {
                    return true;
                }
            }

            FaultPoints.Reach(FaultPoint.SourceAside);
            if (FileStatus.VersionOf(aside) != taken.Version)
            {
                MoveToFree(aside, _folder, taken);
            }
            else if (_settings.After == FolderAfter.Delete && !taken.IsRefused)
            {
                File.Delete(aside);
            }
            else
            {
                PutInto(taken.IsRefused ? _settings.Failed : _settings.Done, aside, taken);
            }

            return true;
        });
        return ValueTask.CompletedTask;
    }

    public void Dispose() => _folder.Dispose();

    private static FolderPlace OpenHeld(string root, FolderSettings settings, string spool)
    {
        using HeldFolder outer = HeldFolder.TryOpen(root)
            ?? throw new SourceFaultException($"The folder that Sources:Folders:{settings.Root} names is not there.");
        HeldFolder folder = outer.TryOpenBelow(settings.Path)
            ?? throw new SourceFaultException($"There is no folder \"{settings.Place}\", or a link in its path leads elsewhere.");
        using var own = HeldFolder.TryOpen(spool);
        string ownPlace = own?.Place ?? Path.GetFullPath(spool);
        if (!Holds(folder.Place, ownPlace) && !Holds(ownPlace, folder.Place))
        {
            return new FolderPlace(settings, folder);
        }

        folder.Dispose();
        throw new SourceFaultException($"The folder \"{settings.Place}\" holds the service's own files, or lies among them.");
    }

    /// <returns>False when it has gone in this moment.</returns>
    private static bool TryMoveAside(string path, string aside)
    {
        try
        {
            File.Move(path, aside, overwrite: true);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    private void PutInto(string name, string aside, TakenObject taken)
    {
        Directory.CreateDirectory(_folder.NameOf(name));
        using HeldFolder folder = _folder.TryOpenBelow(name)
            ?? throw new SourceFaultException(
                $"\"{name}\" in the folder \"{_settings.Place}\" is no folder, or a link that leads elsewhere.");
        MoveToFree(aside, folder, taken);
    }

    /// <summary>Under its own name, or where that is taken with the number behind it: nothing is ever written over.</summary>
    private static void MoveToFree(string aside, HeldFolder folder, TakenObject taken)
    {
        string path = folder.NameOf(taken.Name);
        File.Move(aside, Path.Exists(path) ? FormattableString.Invariant($"{path}.{taken.Number}") : path, overwrite: false);
    }

    private bool IsFile(ref FileSystemEntry entry) => !entry.IsDirectory
        && (entry.Attributes & (FileAttributes.ReparsePoint | FileAttributes.Device)) == 0
        && !IsTemporary(entry.FileName)
        && FileSystemName.MatchesSimpleExpression(_settings.Pattern, entry.FileName, ignoreCase: false);

    private static bool IsTemporary(ReadOnlySpan<char> name)
    {
        foreach (string beginning in TemporaryBeginnings)
        {
            if (name.StartsWith(beginning, StringComparison.Ordinal))
            {
                return true;
            }
        }

        foreach (string ending in TemporaryEndings)
        {
            if (name.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static FoundObject Of(ref FileSystemEntry entry)
    {
        string name = entry.FileName.ToString();
        DateTime modified = entry.LastWriteTimeUtc.UtcDateTime;
        bool isNameable = !name.Contains(Replacement, StringComparison.Ordinal) && !name.Any(char.IsControl);
        return new FoundObject(name, FileStatus.VersionOf(entry.Length, modified), entry.Length, modified, isNameable);
    }

    private static bool Holds(string outer, string inner) =>
        (inner + Path.DirectorySeparatorChar).StartsWith(
            outer.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>With what the file system says as a fault of the place.</summary>
    private static T Doing<T>(string fault, Func<T> what)
    {
        try
        {
            return what();
        }
        catch (FileNotFoundException)
        {
            throw new SourceFaultException($"{fault}: somebody else has taken it away meanwhile.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SourceFaultException($"{fault}: {e.Message}", e);
        }
    }
}
