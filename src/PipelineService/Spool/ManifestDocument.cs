using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using PipelineService.Hosting.Http;

namespace PipelineService.Spool;

/// <summary>
/// The text of a manifest, wherever a spool puts it: JSON, and in a last line the checksum of that. Every form has these two, so that
/// one that is not known here can be told from one that is damaged. Forms 4, 6, 8 and 10 hold the manifests of several small uploads with
/// their bytes, 6 where one of them has form 5, 8 where one has form 7 and 10 where one has form 9; the other forms hold one manifest, and the
/// bytes lie elsewhere.
/// </summary>
internal static class ManifestDocument
{
    private const int TogetherForm = 4;
    private const int NewerTogetherForm = 6;
    private const int ConvertedTogetherForm = 8;
    private const int TakenTogetherForm = 10;
    private const int FormVersion = TakenTogetherForm;

    public static byte[] Write(SpoolManifest manifest) => WithChecksum(manifest);

    /// <summary>A document for several uploads, each with its bytes.</summary>
    public static byte[] Write(IReadOnlyList<StoredUpload> together) => WithChecksum(new Together(
        together.Max(upload => upload.Manifest.Form) switch
        {
            > ConvertedTogetherForm => TakenTogetherForm,
            > NewerTogetherForm => ConvertedTogetherForm,
            > TogetherForm => NewerTogetherForm,
            _ => TogetherForm,
        },
        together));

    /// <param name="document">All of it.</param>
    /// <param name="upload">Which of its uploads is asked for.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="SpoolDamagedException">It is no manifest of the upload.</exception>
    /// <exception cref="SpoolNewerException">It has a form that is not known here.</exception>
    public static StoredUpload Read(ReadOnlySpan<byte> document, Guid upload, string name)
    {
        int end = document.LastIndexOf((byte)'\n');
        if (end < 0 || !document[end..].SequenceEqual(ChecksumLine(document[..end])))
        {
            throw new SpoolDamagedException($"The manifest {name} does not match its checksum.");
        }

        StoredUpload? found;
        try
        {
            found = Find(document[..end], upload, name);
        }
        catch (JsonException e)
        {
            throw new SpoolDamagedException($"The manifest {name} cannot be read: {e.Message}", e);
        }

        return found?.Manifest.UploadId == upload
            ? found
            : throw new SpoolDamagedException($"The manifest {name} is not that of the upload {upload}.");
    }

    private static StoredUpload? Find(ReadOnlySpan<byte> json, Guid upload, string name)
    {
        if (FormOf(json, name) is TogetherForm or NewerTogetherForm or ConvertedTogetherForm or TakenTogetherForm)
        {
            return JsonSerializer.Deserialize<Together>(json, PipelineJson.Options)?.Uploads
                .FirstOrDefault(stored => stored.Manifest.UploadId == upload);
        }

        SpoolManifest? manifest = JsonSerializer.Deserialize<SpoolManifest>(json, PipelineJson.Options);
        return manifest is null ? null : new StoredUpload(manifest);
    }

    /// <summary>Before the rest is understood: a newer form may say it in other words.</summary>
    private static int FormOf(ReadOnlySpan<byte> json, string name)
    {
        int form = JsonSerializer.Deserialize<AnyForm>(json, PipelineJson.Options)?.Form ?? 0;
        return form switch
        {
            > FormVersion => throw new SpoolNewerException(
                $"A newer PipelineService has taken it: its manifest has form {form}, this one knows {FormVersion}."),
            < 1 => throw new SpoolDamagedException($"The manifest {name} has no form."),
            _ => form,
        };
    }

    private static byte[] WithChecksum<T>(T document)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(document, PipelineJson.Options);
        return [.. json, .. ChecksumLine(json)];
    }

    private static byte[] ChecksumLine(ReadOnlySpan<byte> json) => System.Text.Encoding.ASCII.GetBytes(
        $"\n{XxHash3.HashToUInt64(json).ToString("x16", CultureInfo.InvariantCulture)}");

    private sealed record AnyForm(int Form);

    private sealed record Together(int Form, IReadOnlyList<StoredUpload> Uploads);
}
