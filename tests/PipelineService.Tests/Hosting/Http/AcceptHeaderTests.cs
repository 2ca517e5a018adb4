using CsCheck;
using PipelineService.Hosting.Http;

namespace PipelineService.Tests.Hosting.Http;

public sealed class AcceptHeaderTests
{
    private static readonly string[] Forms = ["application/json", "application/x-ndjson", "text/csv"];

    /// <summary>Wishes of clients, and letters that are none.</summary>
    private static readonly Gen<string> Wish = Gen.OneOf(
        Gen.Select(
            Gen.OneOf<string>("application/json", "application/x-ndjson", "text/csv", "application/*", "text/*", "*/*", "text/html", "*"),
            Gen.OneOf<string>("", ";q=0", ";q=0.5", "; q=1", ";q=", ";charset=utf-8"),
            (form, quality) => form + quality),
        Gen.String[Gen.Char["atexcsv/*;q=0.,\" "], 0, 40]);

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json", "")]
    [InlineData("application/json", "nonsense")]
    [InlineData("application/json", "*/*")]
    [InlineData("application/json", "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8")]
    [InlineData("application/json", "application/json; charset=utf-8")]
    [InlineData("application/json", "application/*")]
    [InlineData("text/csv", "text/*")]
    [InlineData("text/csv", "TEXT/CSV")]
    [InlineData("text/csv", "text/csv, application/json")]
    [InlineData("text/csv", "application/json;q=0.5, text/csv;q=0.6")]
    [InlineData("text/csv", "application/json;q=0.5", "text/csv")]
    [InlineData("application/x-ndjson", "application/json;q=0, */*")]
    [InlineData("application/x-ndjson", "application/*, application/json;q=0")]
    [InlineData("application/x-ndjson", "application/json;q=0.1, application/*;q=0.9, text/csv;q=0.5")]
    [InlineData(null, "application/xml")]
    [InlineData(null, "text/html, image/*")]
    [InlineData(null, "*/*;q=0")]
    [InlineData(null, "text/csv;q=0")]
    public void Chooses_what_the_client_wants_most(string? form, params string[] accept) =>
        Assert.Equal(form, AcceptHeader.Choose(accept, Forms));

    [Fact]
    public void Whatever_is_sent_a_form_is_chosen_or_none() => Wish.Array[0, 4].Sample(
        wishes => Assert.True(AcceptHeader.Choose(string.Join(", ", wishes), Forms) is not { } form || Forms.Contains(form)),
        iter: 3_000);
}
