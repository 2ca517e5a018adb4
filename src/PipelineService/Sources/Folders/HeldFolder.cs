using Microsoft.Win32.SafeHandles;

namespace PipelineService.Sources.Folders;

/// <summary>
/// A folder that is held open while it is worked in: everything is done below what is open, so that whoever may rename or link things
/// around it leads nothing that is done to another place.
/// </summary>
internal sealed class HeldFolder : IDisposable
{
    private readonly SafeFileHandle? _handle;
    private readonly string _path;

    private HeldFolder(SafeFileHandle? handle, string path) => (_handle, _path) = (handle, path);

    /// <summary>Where it really is.</summary>
    public string Place => _handle is null ? _path : FileStatus.PlaceOf(_handle) ?? _path;

    /// <summary>What stands in front of the names of what is in it.</summary>
    private string Base => _handle is null ? _path : FileStatus.NameOf(_handle);

    public static HeldFolder? TryOpen(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return Directory.Exists(path) ? new HeldFolder(null, Path.GetFullPath(path)) : null;
        }

        SafeFileHandle? handle = FileStatus.TryOpen(path);
        if (handle is null || Directory.Exists(FileStatus.NameOf(handle)))
        {
            return handle is null ? null : new HeldFolder(handle, path);
        }

        handle.Dispose();
        return null;
    }

    /// <summary>A folder in it.</summary>
    /// <param name="path">With slashes; empty: itself once more.</param>
    /// <returns>Null when there is none, or a link in the path leads somewhere else.</returns>
    public HeldFolder? TryOpenBelow(string path)
    {
        HeldFolder? inner = TryOpen(path.Length == 0 ? Base : $"{Base}/{path}");
        string expected = path.Length == 0 ? Place : $"{Place.TrimEnd('/')}/{path}";
        if (inner is null || inner._handle is null || inner.Place == expected)
        {
            return inner;
        }

        inner.Dispose();
        return null;
    }

    /// <summary>By which a file in it is called.</summary>
    public string NameOf(string file) => $"{Base}/{file}";

    /// <summary>Whether what is open is the file of this name in it, and no link to another.</summary>
    public bool Has(SafeFileHandle file, string name) =>
        FileStatus.PlaceOf(file) is not { } place || place == $"{Place.TrimEnd('/')}/{name}";

    public void Dispose() => _handle?.Dispose();
}
