using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Spool;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool;

public sealed class SpoolManifestTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Guid _id = Guid.CreateVersion7();

    private string File => Path.Combine(_folder.Path, "manifest.json");

    [Fact]
    public void Comes_back_as_it_was_written()
    {
        SpoolManifest manifest = SpoolWriting.ManifestOf(_id, 42, "block 1", "block 2") with { Source = "Ünïcode \"quoted\" \u0001 😀" };

        ManifestFile.Write(manifest, File);

        Assert.Equivalent(manifest, ManifestFile.Read(File, _id).Manifest, strict: true);
        Assert.Equal([File], Directory.EnumerateFiles(_folder.Path));
    }

    [Fact]
    public void Of_a_newer_form_is_told_apart_from_a_damaged_one()
    {
        ManifestFile.Write(SpoolWriting.ManifestOf(_id, 42), File);
        SpoolFolder.MakeNewer(File);

        Assert.Throws<SpoolNewerException>(() => ManifestFile.Read(File, _id));
    }

    /// <summary>What an older instance can read, it is given to read.</summary>
    [Fact]
    public void Has_the_oldest_form_that_says_all_of_it()
    {
        SpoolManifest manifest = SpoolWriting.ManifestOf(_id, 0);
        SpoolManifest failed = manifest with
        {
            Failure = new Problem { Code = "reject_limit_reached", Title = "Too many.", Status = 422, Detail = "11 of 10." },
        };

        SpoolManifest replacing = manifest with { Replaces = Guid.CreateVersion7(), KeepUpload = TimeSpan.FromDays(7) };
        SpoolManifest json = replacing with { Format = DataFormat.Json };
        SpoolManifest coded = failed with { ContentEncoding = "gzip", Compression = FileCompression.Auto };
        foreach (SpoolManifest other in (SpoolManifest[])[failed, replacing, json, json with { Format = DataFormat.JsonSequence }, coded])
        {
            ManifestFile.Write(other, File);
            Assert.Equivalent(other, ManifestFile.Read(File, _id).Manifest, strict: true);
        }

        Assert.Equal(
            (1, 2, 3, 3, 5),
            (manifest.Form, failed.Form, replacing.Form, (replacing with { Failure = failed.Failure, Replaces = null }).Form, json.Form));
        Assert.Equal((5, 5), (coded.Form, (manifest with { Compression = FileCompression.Gzip }).Form));
        Assert.Equal((4, 6, 6), (TogetherFormOf(manifest), TogetherFormOf(json), TogetherFormOf(coded)));
    }

    private static int TogetherFormOf(SpoolManifest manifest)
    {
        byte[] document = ManifestDocument.Write([new StoredUpload(manifest), new StoredUpload(manifest with { UploadId = Guid.CreateVersion7() })]);
        Assert.Equal(manifest.UploadId, ManifestDocument.Read(document, manifest.UploadId, "it").Manifest.UploadId);
        return System.Text.Json.JsonDocument.Parse(document.AsMemory(0, document.AsSpan().LastIndexOf((byte)'\n'))).RootElement.GetProperty("form").GetInt32();
    }

    [Fact]
    public void Cut_anywhere_is_damaged_and_nothing_else()
    {
        ManifestFile.Write(SpoolWriting.ManifestOf(_id, 42), File);
        byte[] whole = System.IO.File.ReadAllBytes(File);
        for (int length = 0; length < whole.Length; length++)
        {
            System.IO.File.WriteAllBytes(File, whole[..length]);
            Assert.Throws<SpoolDamagedException>(() => ManifestFile.Read(File, _id));
        }
    }

    [Fact]
    public void Garbled_anywhere_is_damaged_and_nothing_else()
    {
        ManifestFile.Write(SpoolWriting.ManifestOf(_id, 42), File);
        byte[] whole = System.IO.File.ReadAllBytes(File);
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Int[1, byte.MaxValue]).Sample(
            (at, bits) =>
            {
                byte[] garbled = [.. whole];
                garbled[at] ^= (byte)bits;
                System.IO.File.WriteAllBytes(File, garbled);
                Assert.Throws<SpoolDamagedException>(() => ManifestFile.Read(File, _id));
            },
            iter: 500,
            threads: 1);
    }

    public void Dispose() => _folder.Dispose();
}
