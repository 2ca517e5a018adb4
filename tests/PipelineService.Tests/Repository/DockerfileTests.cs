namespace PipelineService.Tests.Repository;

/// <summary>What the image is built of is sent to whoever builds it.</summary>
public sealed class DockerfileTests
{
    [Fact]
    public void Copies_nothing_that_dockerignore_leaves_out()
    {
        string[] sent = [.. RepositoryFiles.Read(".dockerignore").Split('\n').Where(line => line.StartsWith('!')).Select(line => line[1..].Trim())];
        string[] copied =
        [
            .. RepositoryFiles.Read("Dockerfile").Split('\n').Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from", StringComparison.Ordinal))
                .SelectMany(line => line.Split(' ')[1..^1]).Select(path => path.Split('/')[0]),
        ];

        Assert.NotEmpty(copied);
        Assert.DoesNotContain(copied, path => !sent.Contains(path));
    }
}
