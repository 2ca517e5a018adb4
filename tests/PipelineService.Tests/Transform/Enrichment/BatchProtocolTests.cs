using System.Text;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Transform.Enrichment;

namespace PipelineService.Tests.Transform.Enrichment;

/// <summary>What services may send back, and what is made of it.</summary>
public sealed class BatchProtocolTests
{
    [Fact]
    public void Questions_have_their_place_for_an_id() => Assert.Equal(
        """{"items":[{"id":0,"input":{"ip":"a"}},{"id":1,"input":{"ip":"b"}}]}""",
        Encoding.UTF8.GetString(BatchProtocol.Write(["""{"ip":"a"}"""u8.ToArray(), """{"ip":"b"}"""u8.ToArray()])));

    [Theory]
    [InlineData("""{"items":[{"id":1,"output":{"x":1}},{"id":0,"output":[2]}]}""", "[2] | {\"x\":1}")]
    [InlineData("""{"items":[{"id":0,"output":null},{"id":1,"error":"no"}],"more":true}""", "EnrichmentMissing | EnrichmentFailed no")]
    [InlineData("""{"items":[{"id":0,"output":null,"error":"no"},{"id":1,"output":1,"error":null}]}""", "EnrichmentFailed no | 1")]
    [InlineData("""{"items":[{"id":0,"error":{"code":7}}]}""", "EnrichmentFailed {\"code\":7} | EnrichmentWrongIds")]
    [InlineData("""{"items":[]}""", "EnrichmentWrongIds | EnrichmentWrongIds")]
    public void Answers_are_matched_by_their_ids(string body, string answers)
    {
        var read = new ServiceAnswer[2];

        Assert.Equal(RecordErrorCode.None, BatchProtocol.Read(Encoding.UTF8.GetBytes(body), read));
        Assert.Equal(answers, string.Join(" | ", read.Select(Shown)));
    }

    /// <summary>What is wrong in one place makes nothing of it count: who mixes up one thing may mix up another.</summary>
    [Theory]
    [InlineData("""{"items":[{"id":0,"output":1},{"id":2,"output":1}]}""", RecordErrorCode.EnrichmentWrongIds)]
    [InlineData("""{"items":[{"id":0,"output":1},{"id":-1,"output":1}]}""", RecordErrorCode.EnrichmentWrongIds)]
    [InlineData("""{"items":[{"id":0,"output":1},{"id":0,"output":1}]}""", RecordErrorCode.EnrichmentWrongIds)]
    [InlineData("""{"items":[{"id":"0","output":1}]}""", RecordErrorCode.EnrichmentMalformed)]
    [InlineData("""{"items":[{"id":0.5,"output":1}]}""", RecordErrorCode.EnrichmentMalformed)]
    [InlineData("""{"items":[{"output":1}]}""", RecordErrorCode.EnrichmentMalformed)]
    [InlineData("""{"items":[{"id":0}]}""", RecordErrorCode.EnrichmentMalformed)]
    [InlineData("""{"items":[{"id":0,"output":1,"error":"x"}]}""", RecordErrorCode.EnrichmentMalformed)]
    [InlineData("""{"items":[{"id":0,"id":1,"output":1}]}""", RecordErrorCode.EnrichmentMalformed)]
    [InlineData("""{"items":[{"id":0,"output":{"a":1,"a":2}}]}""", RecordErrorCode.EnrichmentMalformed)]
    [InlineData("""{"items":[7]}""", RecordErrorCode.EnrichmentMalformed)]
    [InlineData("""{"items":{}}""", RecordErrorCode.EnrichmentMalformed)]
    [InlineData("[]", RecordErrorCode.EnrichmentMalformed)]
    [InlineData("""{"items":[{"id":0,"output":1}]} junk""", RecordErrorCode.EnrichmentMalformed)]
    [InlineData("<html>Bad gateway</html>", RecordErrorCode.EnrichmentMalformed)]
    [InlineData("", RecordErrorCode.EnrichmentMalformed)]
    public void Wrong_answers_have_a_code_each(string body, RecordErrorCode code) =>
        Assert.Equal(code, BatchProtocol.Read(Encoding.UTF8.GetBytes(body), new ServiceAnswer[2]));

    [Fact]
    public void What_is_no_utf8_is_no_answer()
    {
        byte[] body = [.. """{"items":[{"id":0,"output":"a"""u8, 0xFF, .. "\"}]}"u8];

        Assert.Equal(RecordErrorCode.EnrichmentMalformed, BatchProtocol.Read(body, new ServiceAnswer[2]));
        Assert.Equal(RecordErrorCode.EnrichmentMalformed, BatchProtocol.ReadOne(body).Code);
    }

    private static string Shown(ServiceAnswer answer) =>
        answer.Output is { } output ? Encoding.UTF8.GetString(output) : $"{answer.Code} {answer.Excerpt}".TrimEnd();
}
