using System.Text;
using PipelineService.Sources.Queues;

namespace PipelineService.Tests.Sources.Queues;

/// <summary>Each message is one line, whatever it is.</summary>
public sealed class MessageBatchTests
{
    private readonly MessageBatch _batch = new();

    [Theory]
    [InlineData("{\"a\":1}", "{\"a\":1}")]
    [InlineData("{\n  \"a\": 1\n}\n", "{\r  \"a\": 1\r}\r")]
    [InlineData("{\"a\":\"x\ny\"}", "{\"a\":\"x\ry\"}")] // a fault before, and after
    [InlineData("{}\n{}", "{}\r{}")]
    [InlineData("", "\"\"")]
    [InlineData(" \t\r\n", "\"\"")]
    [InlineData("no JSON, \"quoted", "no JSON, \"quoted")]
    public void A_message_is_a_line(string body, string line)
    {
        Add(1, body);
        Add(2, "{}");

        Assert.Equal($"{line}\n{{}}\n", Lines());
        Assert.Equal((2, "1-2"), (_batch.Count, _batch.Name));
    }

    [Fact]
    public void No_more_are_added_than_fit_but_one()
    {
        Assert.True(_batch.TryAdd(FakeLog.MessageOf(7, new string('x', 100)), messagesMax: 1, bytesMax: 10));
        Assert.False(_batch.TryAdd(FakeLog.MessageOf(8, "x"), messagesMax: 1, bytesMax: 1_000));
        Assert.False(_batch.TryAdd(FakeLog.MessageOf(8, "x"), messagesMax: 2, bytesMax: 102));
        Assert.True(_batch.TryAdd(FakeLog.MessageOf(8, "x"), messagesMax: 2, bytesMax: 103));
        Assert.Equal((2, 103, "7-8"), (_batch.Count, _batch.Bytes, _batch.Name));
    }

    [Fact]
    public void It_begins_anew_when_it_is_cleared()
    {
        Add(1, new string('x', 100_000));
        _batch.Clear();
        _batch.Trim();
        Add(9, "{}");

        Assert.Equal(("9", "{}\n"), (_batch.Name, Lines()));
    }

    private void Add(long number, string body) => Assert.True(_batch.TryAdd(FakeLog.MessageOf(number, body), int.MaxValue, long.MaxValue));

    private string Lines()
    {
        using StreamReader reader = new(_batch.OpenLines(), Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
