using System.Text;
using PipelineService.Jobs.Instances;

namespace PipelineService.Tests.Jobs.Instances;

/// <summary>What instances tell each other fits into a notification, and nothing else is taken for it.</summary>
public sealed class NewsTextTests
{
    private const int NotificationBytesMax = 7_999;

    [Fact]
    public void Reads_what_was_written_and_fits_when_it_is_full()
    {
        var sender = Guid.CreateVersion7();
        Guid[] jobs = [.. Enumerable.Range(0, NewsText.JobsMax).Select(_ => Guid.CreateVersion7())];

        string text = NewsText.Write(sender, jobs);

        Assert.InRange(Encoding.UTF8.GetByteCount(text), 1, NotificationBytesMax);
        Assert.True(NewsText.TryRead(text, out Guid readSender, out Guid[]? readJobs));
        Assert.Equal(sender, readSender);
        Assert.Equal(jobs, readJobs);
    }

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("hello")]
    [InlineData("00000000000000000000000000000000")]
    [InlineData("0199a3c000007000800000000000000a,0199a3c0-0000-7000-8000-00000000000b")]
    [InlineData("0199a3c000007000800000000000000a,")]
    public void Is_deaf_to_other_texts(string text) => Assert.False(NewsText.TryRead(text, out _, out _));
}
