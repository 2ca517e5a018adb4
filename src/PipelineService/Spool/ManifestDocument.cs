using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using PipelineService.Hosting.Http;

namespace PipelineService.Spool;

/// <summary>
/// The text of a manifest, wherever a spool puts it: JSON, and in a last line the checksum of that. Every form has these two, so that
/// one that is not known here can be told from one that is damaged.
/// </summary>
internal static class ManifestDocument
{
    public static byte[] Write(SpoolManifest manifest)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(manifest, PipelineJson.Options);
        return [.. json, .. ChecksumLine(json)];
    }

    /// <param name="document">All of it.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="SpoolDamagedException">It is no manifest.</exception>
    /// <exception cref="SpoolNewerException">It has a form that is not known here.</exception>
    public static SpoolManifest Read(ReadOnlySpan<byte> document, string name)
    {
        int end = document.LastIndexOf((byte)'\n');
        if (end < 0 || !document[end..].SequenceEqual(ChecksumLine(document[..end])))
        {
            throw new SpoolDamagedException($"The manifest {name} does not match its checksum.");
        }

        try
        {
            CheckForm(document[..end], name);
            return JsonSerializer.Deserialize<SpoolManifest>(document[..end], PipelineJson.Options)
                ?? throw new SpoolDamagedException($"The manifest {name} is empty.");
        }
        catch (JsonException e)
        {
            throw new SpoolDamagedException($"The manifest {name} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Before the rest is understood: a newer form may say it in other words.</summary>
    private static void CheckForm(ReadOnlySpan<byte> json, string name)
    {
        int form = JsonSerializer.Deserialize<AnyForm>(json, PipelineJson.Options)?.Form ?? 0;
        if (form > SpoolManifest.FormVersion)
        {
            throw new SpoolNewerException(
                $"A newer PipelineService has taken it: its manifest has form {form}, this one knows {SpoolManifest.FormVersion}.");
        }

        if (form < 1)
        {
            throw new SpoolDamagedException($"The manifest {name} has no form.");
        }
    }

    private static byte[] ChecksumLine(ReadOnlySpan<byte> json) => System.Text.Encoding.ASCII.GetBytes(
        $"\n{XxHash3.HashToUInt64(json).ToString("x16", CultureInfo.InvariantCulture)}");

    private sealed record AnyForm(int Form);
}
