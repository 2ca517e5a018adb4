using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using PipelineService.Spool;
using PipelineService.Spool.Local;

namespace PipelineService.Tests.Infrastructure;

/// <summary>A spool in a folder of its own, and uploads fed by hand.</summary>
public sealed class SpoolFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<SpoolDirectory> _opened = [];

    public SpoolFolder(Action<SpoolOptions>? configure = null)
    {
        Options = new SpoolOptions { Directory = _folder.Path };
        configure?.Invoke(Options);
        Directory = Open();
        Spool = SpoolOf(Directory);
    }

    /// <summary>What is left in a spool that holds no upload.</summary>
    public static IReadOnlyList<string> OwnFiles { get; } = ["spool.database", "spool.id"];

    /// <summary>Files of uploads in a spool's directory, those that are kept or set aside included.</summary>
    public static string[] UploadsIn(string path) =>
    [
        .. System.IO.Directory.EnumerateFiles(path).Select(file => System.IO.Path.GetFileName(file))
            .Where(file => Guid.TryParse(file.Split('.')[0], out _) && !file.EndsWith(".lock", StringComparison.Ordinal)).Order(),
    ];

    public SpoolOptions Options { get; }

    public SpoolDirectory Directory { get; }

    public LocalSpool Spool { get; }

    public string Path => _folder.Path;

    /// <summary>The uploads in a directory that was opened.</summary>
    public LocalSpool SpoolOf(SpoolDirectory directory) => new(directory, Microsoft.Extensions.Options.Options.Create(Options));

    /// <summary>The same folder as another process sees it.</summary>
    public SpoolDirectory Open()
    {
        SpoolDirectory directory = new(Microsoft.Extensions.Options.Options.Create(Options), NullLogger<SpoolDirectory>.Instance);
        directory.Prepare(Guid.CreateVersion7());
        _opened.Add(directory);
        return directory;
    }

    public SpoolWriter Create() => Spool.Create(Guid.CreateVersion7());

    public Task<SpoolWriter> SealedAsync(ReadOnlyMemory<byte> bytes) => Spool.SealedAsync(bytes);

    /// <summary>Makes of a manifest what a newer version would have written of the upload.</summary>
    public static void MakeNewer(string manifest)
    {
        string json = File.ReadAllText(manifest).Split('\n')[0];
        json = new Regex("\"form\":[0-9]+").Replace(json, "\"form\":99", count: 1);
        ulong checksum = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(json));
        File.WriteAllText(manifest, string.Create(CultureInfo.InvariantCulture, $"{json}\n{checksum:x16}"));
    }

    public void Dispose()
    {
        _opened.ForEach(directory => directory.Dispose());
        _folder.Dispose();
    }
}
