using PipelineService.Hosting.Startup;
using PipelineService.Spool;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Local;

/// <summary>Jobs are claimed by the name of the spool that holds their upload: it must not change under them.</summary>
public sealed class SpoolIdFileTests : IDisposable
{
    private readonly SpoolFolder _spool = new();

    private string IdFile => Path.Combine(_spool.Path, "spool.id");

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("\0\0\0\0\0\0\0\0")]
    [InlineData("not an id")]
    public void Finds_a_lost_name_in_the_uploads(string? damage)
    {
        Guid name = _spool.Directory.Id;
        TakeUpload(name);
        TakeUpload(name);
        Damage(damage);

        Assert.Equal(name, _spool.Open().Id);

        Assert.Equal(name, Guid.Parse(File.ReadAllText(IdFile)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Names_a_directory_without_uploads_anew(string? damage)
    {
        Damage(damage);

        Guid name = _spool.Open().Id;

        Assert.NotEqual(Guid.Empty, name);
        Assert.NotEqual(_spool.Directory.Id, name);
        Assert.Equal(name, _spool.Open().Id);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("", true)]
    public void Refuses_to_guess_a_name_that_the_uploads_do_not_tell(string? damage, bool tellTwo)
    {
        TakeUpload(tellTwo ? Guid.CreateVersion7() : null);
        TakeUpload(tellTwo ? Guid.CreateVersion7() : null);
        Damage(damage);

        StartupException refusal = Assert.Throws<StartupException>(_spool.Open);

        Assert.StartsWith($"{IdFile} is missing or damaged, and the 2 uploads", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Clears_away_what_a_killed_start_has_left()
    {
        File.WriteAllText(IdFile + ".0123", "");

        Assert.Equal(_spool.Directory.Id, _spool.Open().Id);

        Assert.False(File.Exists(IdFile + ".0123"));
    }

    public void Dispose() => _spool.Dispose();

    private void TakeUpload(Guid? name)
    {
        SpoolManifest manifest = SpoolWriting.ManifestOf(Guid.CreateVersion7(), 0) with { Spool = name };
        ManifestFile.Write(manifest, _spool.Directory.ManifestPath(manifest.UploadId));
    }

    private void Damage(string? content)
    {
        File.Delete(IdFile);
        if (content is not null)
        {
            File.WriteAllText(IdFile, content);
        }
    }
}
